/** What no screen needs more often than it is drawn. */
const HIDDEN_MS = 250;

/**
 * Gathers pieces of text and hands them on at most once a frame: 200 pieces a second are drawn 60 times. A hidden page draws no
 * frames, and still gets its text.
 */
export class FrameText {
  private gathered = "";
  private frame: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly take: (text: string) => void) {}

  add(text: string): void {
    this.gathered += text;
    if (this.timer !== undefined) return;
    this.frame = requestAnimationFrame(() => this.flush());
    this.timer = setTimeout(() => this.flush(), HIDDEN_MS);
  }

  /** Hands on what there is, now. */
  flush(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = undefined;
    this.timer = undefined;
    const text = this.gathered;
    this.gathered = "";
    if (text) this.take(text);
  }
}
