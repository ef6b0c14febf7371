import { type FocusEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { type CustomItemComponentProps, Virtualizer } from "virtua";
import styles from "./LongList.module.css";

interface LongListProps<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string | number;
  readonly children: (item: T, index: number) => ReactNode;
  readonly className?: string | undefined;
  /** A row that is there even where it cannot be seen. */
  readonly keep?: number;
  /** Called when the end of the list is near. */
  readonly onEnd?: (() => void) | undefined;
}

/** So many rows are drawn without more ado. */
const FEW = 100;
const NEAR_PIXELS = 600;

/** A list that scrolls by itself, of which only what can be seen is drawn once it is long. */
export function LongList<T>({ label, items, keyOf, children, className, keep, onEnd }: LongListProps<T>) {
  const scroller = useRef<HTMLElement>(null);
  const tellIfNearEnd = (): void => {
    const element = scroller.current;
    if (element && element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PIXELS) onEnd?.();
  };
  const look = useRef(tellIfNearEnd);
  look.current = tellIfNearEnd;

  // The focus must not go away with a row that is scrolled out of view.
  const [focused, setFocused] = useState<number>();
  const kept = useMemo(
    () => [focused, keep].filter((index) => index !== undefined && index < items.length) as number[],
    [focused, keep, items.length],
  );

  // After every change: what has come may be less than fills the view.
  useEffect(() => {
    if (items.length) look.current();
  }, [items.length]);

  return (
    <section
      ref={scroller}
      aria-label={label}
      className={`${styles.scroller} ${className ?? ""}`}
      onScroll={onEnd && tellIfNearEnd}
      onFocus={(event) => setFocused(indexOf(event))}
      onBlur={() => setFocused(undefined)}
    >
      {items.length > FEW ? (
        <Virtualizer data={items} as="ul" item={Row} keepMounted={kept}>
          {(item, index) => <Fragmented key={keyOf(item)}>{children(item, index)}</Fragmented>}
        </Virtualizer>
      ) : (
        <ul>
          {items.map((item, index) => (
            <li key={keyOf(item)}>{children(item, index)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function indexOf(event: FocusEvent): number | undefined {
  const position = event.target.closest("li")?.ariaPosInSet;
  return position ? Number(position) - 1 : undefined;
}

const Fragmented = ({ children }: { readonly children: ReactNode }) => children;

/** Only a part of the rows is there: it is told which, of a number that is said elsewhere. */
function Row({ index, ...rest }: CustomItemComponentProps) {
  return <li {...rest} aria-posinset={index + 1} aria-setsize={-1} />;
}
