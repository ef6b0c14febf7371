/** Takes conversations out of an export of ChatGPT, or out of one of our own. */
export default function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  return <button type="button" onClick={onClose} />;
}
