/** Where something that opens beside a button stands. Pure, in pixels of the window. */

interface Box {
  readonly top: number;
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place {
  readonly left: number;
  readonly top: number;
  readonly maxHeight: number;
}

const EDGE = 8;
const GAP = 4;

/**
 * Below the anchor, or above it where there is more room; its start edge (in the direction of writing) or its end edge on the
 * anchor's; always inside the window, and scrolled where it is too high.
 */
export function placeBeside(
  anchor: Box,
  size: Size,
  view: Size,
  align: "start" | "end",
  rightToLeft: boolean,
): Place {
  const below = view.height - anchor.bottom - GAP - EDGE;
  const above = anchor.top - GAP - EDGE;
  const up = size.height > below && above > below;
  const maxHeight = Math.max(0, up ? above : below);
  const height = Math.min(size.height, maxHeight);
  const leftEdges = (align === "start") !== rightToLeft;
  const left = leftEdges ? anchor.left : anchor.right - size.width;
  return {
    left: Math.max(EDGE, Math.min(left, view.width - size.width - EDGE)),
    top: up ? anchor.top - GAP - height : anchor.bottom + GAP,
    maxHeight,
  };
}
