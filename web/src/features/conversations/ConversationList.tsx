/** The conversations of the sidebar. */
export function ConversationList({
  currentId,
  onChosen,
}: {
  readonly currentId: string | undefined;
  readonly onChosen: () => void;
}) {
  return <nav onClickCapture={onChosen}>{currentId}</nav>;
}
