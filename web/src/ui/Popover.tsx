import { type HTMLAttributes, type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import styles from "./Popover.module.css";
import { placeBeside } from "./place";

interface PopoverProps extends HTMLAttributes<HTMLDivElement> {
  /** The control that opened it. */
  readonly anchor: RefObject<HTMLElement | null>;
  /** Asked for by Escape, a press outside, or the focus leaving. On Escape the focus goes back to the anchor. */
  readonly onClose: () => void;
  /** Which edges of the two are in line. */
  readonly align?: "start" | "end";
}

/**
 * Something that stands beside a control as long as it is mounted, above everything (the browser's top layer), so that no scrolling
 * list cuts it off. Not modal; role, name and first focus are up to whoever fills it. Render it beside its anchor: the tab order
 * follows the document.
 */
export function Popover({ anchor, onClose, align = "start", className, children, ...rest }: PopoverProps) {
  const element = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    const popover = element.current;
    if (!popover) return;
    // Where there are no popovers, z-index has to do.
    popover.showPopover?.();
    const settle = (): void => place(popover, anchor.current, align);
    settle();
    const sizes = new ResizeObserver(settle);
    sizes.observe(popover);
    window.addEventListener("resize", settle);
    window.addEventListener("scroll", settle, true);
    return () => {
      sizes.disconnect();
      window.removeEventListener("resize", settle);
      window.removeEventListener("scroll", settle, true);
    };
  }, [anchor, align]);

  useEffect(() => {
    const isOutside = (target: EventTarget | null): boolean =>
      target instanceof Node && !element.current?.contains(target) && !anchor.current?.contains(target);
    const onPress = (event: Event): void => {
      if (isOutside(event.target)) close.current();
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      const within = event.target instanceof Element ? event.target.closest("[popover]") : null;
      // One that opened inside this one goes first.
      if (within && within !== element.current && element.current?.contains(within)) return;
      event.preventDefault();
      event.stopPropagation();
      anchor.current?.focus();
      close.current();
    };
    document.addEventListener("pointerdown", onPress);
    document.addEventListener("focusin", onPress);
    document.addEventListener("keydown", onKey, true);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      document.removeEventListener("focusin", onPress);
      document.removeEventListener("keydown", onKey, true);
    };
  }, [anchor]);

  return (
    <div ref={element} popover="manual" className={`${styles.popover} ${className ?? ""}`} {...rest}>
      {children}
    </div>
  );
}

function place(popover: HTMLElement, anchor: HTMLElement | null, align: "start" | "end"): void {
  if (!anchor) return;
  popover.style.maxHeight = "";
  const view = { width: document.documentElement.clientWidth, height: window.innerHeight };
  const size = { width: popover.offsetWidth, height: popover.offsetHeight };
  const rightToLeft = getComputedStyle(popover).direction === "rtl";
  const at = placeBeside(anchor.getBoundingClientRect(), size, view, align, rightToLeft);
  popover.style.left = `${at.left}px`;
  popover.style.top = `${at.top}px`;
  popover.style.maxHeight = `${at.maxHeight}px`;
}
