/** The source of a citation, or a document, beside the answer. Rendered while `usePanel` has content. */
export default function SourcePanel() {
  return <aside />;
}
