export default function CostsPage() {
  return <div />;
}
