export default function WelcomePage() {
  return <div />;
}
