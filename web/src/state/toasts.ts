/** Short notices that go away by themselves, with one thing to do about them. */
import { create } from "zustand";

export interface Toast {
  readonly id: number;
  readonly kind: "info" | "error" | "success";
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
  /** Milliseconds it stays, not counted while it is pointed at or has the focus; `undefined`: until it is dismissed. */
  readonly stays?: number | undefined;
  /** Called once when it goes away without its action: its time was over, or it was dismissed. */
  readonly onGone?: (() => void) | undefined;
}

interface ToastState {
  readonly toasts: readonly Toast[];
  readonly show: (toast: Omit<Toast, "id">) => number;
  readonly dismiss: (id: number) => void;
  /** Does what the notice offers. */
  readonly act: (id: number) => void;
}

let last = 0;

export const useToasts = create<ToastState>((set, get) => {
  const take = (id: number): Toast | undefined => {
    const found = get().toasts.find((each) => each.id === id);
    if (found) set(({ toasts }) => ({ toasts: toasts.filter((each) => each !== found) }));
    return found;
  };
  return {
    toasts: [],
    show: (toast) => {
      last += 1;
      const id = last;
      set(({ toasts }) => ({ toasts: [...toasts, { ...toast, id }] }));
      return id;
    },
    dismiss: (id) => take(id)?.onGone?.(),
    act: (id) => take(id)?.action?.run(),
  };
});

export const showToast = (toast: Omit<Toast, "id">): number => useToasts.getState().show(toast);
