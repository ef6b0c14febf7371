/** Short notices that go away by themselves, with one thing to do about them. */
import { create } from "zustand";

export interface Toast {
  readonly id: number;
  readonly kind: "info" | "error" | "success";
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
  /** Milliseconds it stays; `undefined`: until it is dismissed. */
  readonly stays?: number | undefined;
}

interface ToastState {
  readonly toasts: readonly Toast[];
  readonly show: (toast: Omit<Toast, "id">) => number;
  readonly dismiss: (id: number) => void;
}

let last = 0;

export const useToasts = create<ToastState>((set) => ({
  toasts: [],
  show: (toast) => {
    last += 1;
    const id = last;
    set(({ toasts }) => ({ toasts: [...toasts, { ...toast, id }] }));
    return id;
  },
  dismiss: (id) => set(({ toasts }) => ({ toasts: toasts.filter((each) => each.id !== id) })),
}));

export const showToast = (toast: Omit<Toast, "id">): number => useToasts.getState().show(toast);
