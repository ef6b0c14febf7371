/** Steps of the zoom; 1 is the width of the panel. */
const STEPS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4] as const;

export const SMALLEST = STEPS[0];
export const LARGEST = 4;

/** The next step up (1) or down (-1); the last one stays. */
export function nextZoom(zoom: number, direction: 1 | -1): number {
  const next = direction === 1 ? STEPS.find((step) => step > zoom) : STEPS.findLast((step) => step < zoom);
  return next ?? zoom;
}
