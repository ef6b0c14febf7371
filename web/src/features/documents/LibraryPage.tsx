export function LibraryPage() {
  return <div />;
}
