import { type ReactNode, useEffect, useRef, useState } from "react";

interface ScrollAreaProps {
  readonly label: string;
  readonly className: string | undefined;
  readonly children: ReactNode;
}

/** Scrolls sideways. Only where there is something to scroll it is a stop for the keyboard. */
export function ScrollArea({ label, className, children }: ScrollAreaProps) {
  const area = useRef<HTMLDivElement>(null);
  const [overflows, setOverflows] = useState(false);
  useEffect(() => {
    const element = area.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setOverflows(element.scrollWidth > element.clientWidth + 1));
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);
  if (!overflows) {
    return (
      <div ref={area} className={className}>
        {children}
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1).
    <div ref={area} role="group" aria-label={label} tabIndex={0} className={className}>
      {children}
    </div>
  );
}
