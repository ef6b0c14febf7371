import { useTranslation } from "react-i18next";
import { useModels } from "~/api/queries";
import { useModelName } from "~/features/models/useModelName";
import { useFormat } from "~/i18n/format";
import { IconButton } from "~/ui/Button";
import { CopyButton } from "~/ui/CopyButton";
import { Menu } from "~/ui/Menu";
import styles from "./AnswerFooter.module.css";
import type { AnswerFacts } from "./answerFacts";
import { regenerate } from "./asking";
import type { AnswerRow } from "./rows";

interface AnswerFooterProps {
  readonly facts: AnswerFacts;
  readonly text: string;
  readonly row: AnswerRow;
  readonly conversationId: string;
}

/** What can be done with an answer, and what it took. */
export function AnswerFooter({ facts, text, row, conversationId }: AnswerFooterProps) {
  const { t } = useTranslation("chat");
  return (
    <footer className={styles.footer}>
      <div className={styles.actions}>
        <CopyButton text={text} label={t("answer.copy")} />
        {row.regenerates !== undefined && facts.messageId && (
          <Regenerate conversationId={conversationId} question={row.regenerates} answerId={facts.messageId} />
        )}
      </div>
      <Figures facts={facts} />
    </footer>
  );
}

interface RegenerateProps {
  readonly conversationId: string;
  readonly question: string;
  readonly answerId: string;
}

function Regenerate({ conversationId, question, answerId }: RegenerateProps) {
  const { t } = useTranslation("chat");
  const nameOf = useModelName();
  const others = (useModels().data ?? []).filter((model) => model.available);
  return (
    <>
      <IconButton
        icon="refresh"
        label={t("answer.regenerate")}
        onClick={() => regenerate(conversationId, question, answerId)}
      />
      {others.length > 1 && (
        <Menu
          label={t("answer.regenerateWith")}
          icon="chevronDown"
          align="start"
          items={others.map(({ id }) => ({
            label: t("answer.with", { model: nameOf(id) }),
            run: () => regenerate(conversationId, question, answerId, id),
          }))}
        />
      )}
    </>
  );
}

function Figures({ facts }: { readonly facts: AnswerFacts }) {
  const { t } = useTranslation("chat");
  const nameOf = useModelName();
  const format = useFormat();
  const { model, usage, createdAt } = facts;
  if (!model) return null;
  const price = (): string => {
    if (usage?.cost_usd === undefined || usage.cost_usd === null) return t("answer.priceUnknown");
    return usage.cost_usd === 0
      ? t("answer.free")
      : t("answer.price", { money: format.money(usage.cost_usd) });
  };
  const tokens = usage && {
    input: format.number(usage.input_tokens),
    output: format.number(usage.output_tokens),
  };
  const cached = usage?.cache_read_tokens
    ? t("answer.cached", { cached: format.number(usage.cache_read_tokens) })
    : undefined;
  return (
    <p
      className={styles.figures}
      title={[model, createdAt && format.dateTime(createdAt), cached].filter(Boolean).join("\n")}
    >
      <span>{nameOf(model)}</span>
      {tokens && <span>{t("answer.tokens", tokens)}</span>}
      {usage && <span>{price()}</span>}
    </p>
  );
}
