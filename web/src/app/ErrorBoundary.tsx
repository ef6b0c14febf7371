import { Component, type ErrorInfo, type ReactNode } from "react";
import { ErrorPage } from "./ErrorPage";

interface Props {
  readonly children: ReactNode;
  /** What is shown begins anew when this changes, such as the path. */
  readonly resetKey?: string;
}

interface State {
  readonly error: unknown;
  readonly failed: boolean;
  readonly where: string;
}

const FINE: State = { error: undefined, failed: false, where: "" };

/** Says that a page broke, instead of a white one. What was typed is kept (state/drafts.ts), so that reloading loses nothing. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = FINE;

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error, failed: true };
  }

  override componentDidCatch(_error: unknown, info: ErrorInfo): void {
    this.setState({ where: info.componentStack ?? "" });
  }

  override componentDidUpdate(before: Props): void {
    if (this.state.failed && before.resetKey !== this.props.resetKey) this.setState(FINE);
  }

  override render(): ReactNode {
    const { failed, error, where } = this.state;
    return failed ? <ErrorPage error={error} where={where} /> : this.props.children;
  }
}
