import type { MouseEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "~/ui/Icon";
import styles from "./Markdown.module.css";
import { saysPlace, type Target, targetOf } from "./targets";

interface TextLinkProps {
  readonly href: string | undefined;
  readonly id: string | undefined;
  readonly children: ReactNode;
}

/** A link that says where it leads, unless its text does. */
export function TextLink({ href, id, children }: TextLinkProps) {
  const { t } = useTranslation("markdown");
  if (href?.startsWith("#")) {
    const isReference = id !== undefined;
    return (
      <a
        href={href}
        id={id}
        aria-label={isReference ? t("footnote", { number: textOf(children) }) : t("footnoteBack")}
        onClick={goToFootnote}
      >
        {children}
      </a>
    );
  }
  const target = targetOf(href);
  if (!target) return children;
  return (
    <OutsideLink target={target} className={styles.link}>
      <bdi>{children}</bdi>
      {!saysPlace(textOf(children), target) && <PlaceName target={target} />}
    </OutsideLink>
  );
}

interface ImageChipProps {
  readonly alt: string;
  /** Where it may be opened; `undefined`: nowhere. */
  readonly href: unknown;
}

/** Stands for an image, which is never fetched by itself: its address could carry what the conversation says to somebody. */
export function ImageChip({ alt, href }: ImageChipProps) {
  const { t } = useTranslation("markdown");
  const target = targetOf(href);
  const label = alt.trim() === "" ? t("imageWithoutText") : t("image", { alt });
  if (!target) return <span className={styles.chip}>{label}</span>;
  return (
    <OutsideLink target={target} className={styles.chip}>
      <bdi>{label}</bdi>
      <PlaceName target={target} />
    </OutsideLink>
  );
}

interface OutsideLinkProps {
  readonly target: Target;
  readonly className: string | undefined;
  readonly children: ReactNode;
}

function OutsideLink({ target, className, children }: OutsideLinkProps) {
  return (
    <a
      href={target.href}
      title={target.href}
      target="_blank"
      rel="noopener noreferrer nofollow"
      referrerPolicy="no-referrer"
      className={className}
    >
      {children}
    </a>
  );
}

function PlaceName({ target }: { readonly target: Target }) {
  const { t } = useTranslation("markdown");
  if (!target.isSuspicious) return <bdi className={styles.place}> ({target.place})</bdi>;
  return (
    <bdi className={styles.realPlace}>
      {" "}
      (<Icon name="warning" size={14} /> {t("realPlace", { place: target.place })})
    </bdi>
  );
}

/** Within the text, without a change of the address, which is the conversation's. */
function goToFootnote(event: MouseEvent<HTMLAnchorElement>): void {
  event.preventDefault();
  const id = event.currentTarget.getAttribute("href")?.slice(1);
  const goal = id ? document.getElementById(id) : null;
  if (!goal) return;
  goal.scrollIntoView({ block: "nearest" });
  const focusable = goal instanceof HTMLAnchorElement ? goal : goal.querySelector<HTMLElement>("a, button");
  focusable?.focus();
}

function textOf(children: ReactNode): string {
  if (typeof children === "string" || typeof children === "number") return String(children);
  return Array.isArray(children) ? children.map(textOf).join("") : "\0";
}
