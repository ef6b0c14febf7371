import { type ReactNode, useEffect, useRef, useState } from "react";

interface ScrollAreaProps {
  readonly label: string;
  readonly className: string | undefined;
  /** Stands within a paragraph. */
  readonly inline?: boolean;
  /** A stop for the keyboard in any case: of a formula it cannot be told when its size changes. */
  readonly always?: boolean;
  readonly children: ReactNode;
}

/** Scrolls sideways. Only where there is something to scroll it is a stop for the keyboard. */
export function ScrollArea({ label, className, inline = false, always = false, children }: ScrollAreaProps) {
  const area = useRef<HTMLElement>(null);
  const [overflows, setOverflows] = useState(false);
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setOverflows(element.scrollWidth > element.clientWidth + 1));
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);
  const Tag = inline ? "span" : "div";
  const stop = always || overflows ? { role: "group", "aria-label": label, tabIndex: 0 } : {};
  return (
    <Tag
      ref={(element: HTMLElement | null) => {
        area.current = element;
      }}
      className={className}
      {...stop}
    >
      {children}
    </Tag>
  );
}
