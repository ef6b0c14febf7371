/** Where the pages of a document stand below each other, so that only those in view need be there. Pure. */

export interface Layout {
  /** The top of each page, in pixels; one more than there are pages: the end. */
  readonly tops: readonly number[];
  readonly heights: readonly number[];
}

/** A place in the document that stays where it is when sizes change: a page (from 1) and the share of it that is above. */
export interface Anchor {
  readonly page: number;
  readonly share: number;
}

/** `ratioOf` is a page's height by its width; `gap` is the space before each page and after the last. */
export function layoutOf(
  pages: number,
  width: number,
  gap: number,
  ratioOf: (page: number) => number,
): Layout {
  const tops: number[] = [];
  const heights: number[] = [];
  let top = gap;
  for (let page = 1; page <= pages; page++) {
    const height = Math.round(width * ratioOf(page));
    tops.push(top);
    heights.push(height);
    top += height + gap;
  }
  tops.push(top);
  return { tops, heights };
}

/** The page that is at this height, counting the gap before a page as its own. */
export function pageAt({ tops, heights }: Layout, offset: number): number {
  let [low, high] = [0, heights.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const end = (tops[middle - 1] ?? 0) + (heights[middle - 1] ?? 0);
    if (end <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

export function anchorAt(layout: Layout, offset: number): Anchor {
  const page = pageAt(layout, offset);
  const height = layout.heights[page - 1] || 1;
  return { page, share: (offset - (layout.tops[page - 1] ?? 0)) / height };
}

export function offsetOf(layout: Layout, { page, share }: Anchor): number {
  const index = Math.min(Math.max(page, 1), layout.heights.length) - 1;
  return (layout.tops[index] ?? 0) + (layout.heights[index] ?? 0) * share;
}

/** The pages of which something is between two heights, the first and the last. */
export function pagesBetween(layout: Layout, from: number, to: number): [number, number] {
  return [pageAt(layout, from), pageAt(layout, Math.max(from, to))];
}
