/** The sheet of keyboard shortcuts. */
export default function ShortcutHelp({ onClose }: { readonly onClose: () => void }) {
  return <button type="button" onClick={onClose} />;
}
