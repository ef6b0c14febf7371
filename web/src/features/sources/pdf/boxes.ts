/** Where on a page a range of its text stands. Pure geometry. */
import type { TextRange } from "../matching/align";

/** As shares of the page's width and height, from its top left corner, as it is shown. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What pdf.js says of a piece of text: the places are in the units of the page, whose y grows upwards. */
export interface PlacedText {
  readonly str: string;
  readonly dir: string;
  readonly width: number;
  readonly height: number;
  readonly transform: readonly number[];
  readonly fontName: string;
}

export interface FontStyle {
  readonly ascent: number;
  readonly descent: number;
  readonly vertical: boolean;
  readonly fontFamily: string;
}

/** A page as it is shown at its own size. */
export interface PageView {
  readonly width: number;
  readonly height: number;
  readonly convertToViewportPoint: (x: number, y: number) => readonly number[];
}

/** The width of a text in a font family, in any unit. */
export type Measure = (text: string, fontFamily: string) => number;

/** A place within a piece is measured in another font: the box is so much wider, in heights of the letters. */
const UNSURE = 0.15;
/** Boxes of one line overlap by this share of the lower one, and are no further apart than so many of its heights. */
const SAME_LINE = 0.6;
const JOINED = 1.2;

export function boxesOf(
  ranges: readonly TextRange[],
  items: readonly PlacedText[],
  styles: Readonly<Record<string, FontStyle>>,
  view: PageView,
  measure: Measure,
): Box[] {
  const boxes: Box[] = [];
  for (const range of ranges) {
    const item = items[range.piece];
    const box = item && boxOf(range, item, styles[item.fontName], view, measure);
    if (!box) continue;
    const last = boxes.at(-1);
    const joined = last && join(last, box, view);
    if (joined) boxes[boxes.length - 1] = joined;
    else boxes.push(box);
  }
  return boxes;
}

function boxOf(
  range: TextRange,
  item: PlacedText,
  style: FontStyle | undefined,
  view: PageView,
  measure: Measure,
): Box | undefined {
  const [a = 0, b = 0, c = 0, d = 0, x = 0, y = 0] = item.transform;
  const size = Math.hypot(c, d);
  const along = Math.hypot(a, b);
  if (size === 0 || along === 0) return undefined;
  if (style?.vertical) return cornersOf(view, [x - item.width / 2, y], [x + item.width / 2, y - item.height]);
  const unsure = item.width > 0 ? (UNSURE * size) / item.width : 0;
  const [from, to] = shares(range, item, unsure, (text) => measure(text, style?.fontFamily ?? "sans-serif"));
  // Across the line, on the side where the letters stand: a slanted font leans, its boxes do not.
  const side = Math.sign(a * d - b * c) || 1;
  const across = [(-b / along) * side, (a / along) * side] as const;
  const top = size * (style?.ascent || 0.8);
  const bottom = size * (style?.descent || -0.2);
  const point = (share: number, height: number): [number, number] => [
    x + (a / along) * item.width * share + across[0] * height,
    y + (b / along) * item.width * share + across[1] * height,
  ];
  return cornersOf(view, point(from, bottom), point(from, top), point(to, bottom), point(to, top));
}

/** Where in the width of the item the range begins and ends. */
function shares(
  { start, end }: TextRange,
  { str, dir }: PlacedText,
  unsure: number,
  measure: (text: string) => number,
): [number, number] {
  if (start === 0 && end === str.length) return [0, 1];
  const whole = measure(str);
  const share = (at: number): number => (whole > 0 ? measure(str.slice(0, at)) / whole : at / str.length);
  const from = start === 0 ? 0 : Math.max(0, share(start) - unsure);
  const to = end === str.length ? 1 : Math.min(1, share(end) + unsure);
  return dir === "rtl" ? [1 - to, 1 - from] : [from, to];
}

function cornersOf(view: PageView, ...corners: readonly (readonly [number, number])[]): Box | undefined {
  const points = corners.map(([x, y]) => view.convertToViewportPoint(x, y));
  const xs = points.map((point) => (point[0] ?? 0) / view.width);
  const ys = points.map((point) => (point[1] ?? 0) / view.height);
  const [left, top] = [clamp(Math.min(...xs)), clamp(Math.min(...ys))];
  const [width, height] = [clamp(Math.max(...xs)) - left, clamp(Math.max(...ys)) - top];
  return width > 0 && height > 0 ? { left, top, width, height } : undefined;
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share));

/** Both as one, with the blank between, if they follow each other on a line. */
function join(box: Box, next: Box, view: PageView): Box | undefined {
  const height = Math.min(box.height, next.height);
  const shared = Math.min(box.top + box.height, next.top + next.height) - Math.max(box.top, next.top);
  const gap = Math.max(next.left - (box.left + box.width), box.left - (next.left + next.width));
  if (shared < SAME_LINE * height || gap * view.width > JOINED * height * view.height) return undefined;
  const left = Math.min(box.left, next.left);
  const top = Math.min(box.top, next.top);
  return {
    left,
    top,
    width: Math.max(box.left + box.width, next.left + next.width) - left,
    height: Math.max(box.top + box.height, next.top + next.height) - top,
  };
}
