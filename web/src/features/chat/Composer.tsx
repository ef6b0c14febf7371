import type { TFunction } from "i18next";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { AttachButton } from "~/features/documents/AttachButton";
import { DocumentPicker } from "~/features/documents/DocumentPicker";
import { uploadFiles } from "~/features/documents/uploads";
import { ModelPicker } from "~/features/models/ModelPicker";
import { NEW } from "~/state/choices";
import { useDrafts } from "~/state/drafts";
import { usePreferences } from "~/state/preferences";
import { Button, IconButton } from "~/ui/Button";
import { stop } from "./answering";
import { send } from "./asking";
import styles from "./Composer.module.css";
import { editLast, offerCommands } from "./commands";
import { LengthNotice } from "./LengthNotice";
import { MessageArea } from "./MessageArea";
import { type LiveTurn, LONGEST_MESSAGE, lengthOf, sendable } from "./turn";

interface ComposerProps {
  readonly conversationId: string | undefined;
  /** The turn that is being answered. */
  readonly answering: LiveTurn | undefined;
}

/** Where messages are written. What is typed is kept with every change, by conversation. */
export function Composer({ conversationId, answering }: ComposerProps) {
  const { t } = useTranslation("chat");
  const place = conversationId ?? NEW;
  const draft = useDrafts((state) => state.byConversation[place] ?? "");
  const enterSends = usePreferences((state) => state.enterSends);
  const area = useFocus(place);
  const [refusedIn, setRefusedIn] = useState<string>();
  const hint = useId();

  const message = sendable(draft);
  const isEmpty = message.trim() === "";
  const isTooLong = lengthOf(message) > LONGEST_MESSAGE;
  const submit = (): void => {
    if (isEmpty) return;
    if (answering || isTooLong) {
      // Nothing is sent and nothing is lost; why stands below.
      setRefusedIn(place);
      return;
    }
    setRefusedIn(undefined);
    if (send(conversationId, message)) useDrafts.getState().write(place, "");
    if (!isCoarse()) area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const isPlain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "ArrowUp" && isPlain && draft === "" && editLast()) event.preventDefault();
    if (event.key === "Escape" && isPlain && answering) {
      event.preventDefault();
      stop(answering.key);
    }
  };
  return (
    <div className={styles.composer}>
      <div className={styles.box}>
        <MessageArea
          ref={area}
          label={t("composer.label")}
          describedBy={hint}
          placeholder={t("composer.placeholder")}
          value={draft}
          invalid={isTooLong}
          onChange={(text) => {
            useDrafts.getState().write(place, text);
            setRefusedIn(undefined);
          }}
          onSend={submit}
          onKeyDown={onKeyDown}
        />
        <div className={styles.tools}>
          <div className={styles.choices}>
            <AttachButton conversationId={place} />
            <DocumentPicker conversationId={place} />
            <ModelPicker conversationId={place} />
          </div>
          {answering ? (
            <IconButton
              icon="stop"
              label={t(answering.phase === "stopping" ? "composer.stopping" : "composer.stop")}
              className={styles.send}
              aria-disabled={answering.phase === "stopping"}
              onClick={() => stop(answering.key)}
            />
          ) : (
            <IconButton
              icon="send"
              label={t("composer.send")}
              className={styles.send}
              aria-disabled={isEmpty || isTooLong}
              onClick={submit}
            />
          )}
        </div>
      </div>
      <div className={styles.below}>
        <LengthNotice text={message}>
          <Button variant="quiet" icon="document" onClick={() => addAsDocument(message, place, t)}>
            {t("composer.asDocument")}
          </Button>
        </LengthNotice>
        {refusedIn === place && answering && (
          <p className={styles.wait} role="alert">
            {t("composer.wait")}
          </p>
        )}
        <p id={hint} className="visually-hidden">
          {t(enterSends ? "composer.enterSends" : "composer.enterBreaks")}
        </p>
      </div>
    </div>
  );
}

/** The text stays in the box until its writer takes it out: nobody knows yet whether the upload succeeds. */
function addAsDocument(text: string, place: string, t: TFunction<"chat">): void {
  const time = new Date().toISOString().slice(0, 16).replace("T", " ").replace(":", "-");
  uploadFiles([new File([text], t("composer.documentName", { time }), { type: "text/plain" })], place);
}

/** A finger: the keyboard that the focus brings would cover half of the page. */
const isCoarse = (): boolean => matchMedia("(pointer: coarse)").matches;

/** Gives the text box the focus when another conversation is opened. */
function useFocus(place: string) {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const focusComposer = (): boolean => {
      area.current?.focus();
      return true;
    };
    return offerCommands({ focusComposer });
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each conversation.
  useEffect(() => {
    if (!isCoarse() && !document.querySelector("dialog[open]")) area.current?.focus();
  }, [place]);
  return area;
}
