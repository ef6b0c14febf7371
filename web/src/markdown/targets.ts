/** Where a link of a text goes, said honestly. Pure. */

export interface Target {
  /** As the browser understands it. */
  readonly href: string;
  /** Host with port, in ASCII, or the address of a mail: what decides where it goes. */
  readonly place: string;
  /** It is made to look like another place: a user name before the host, or letters that look like others. */
  readonly isSuspicious: boolean;
}

const LONGEST = 8_000;

/** Absolute http, https and mailto addresses; anything else is no link. */
export function targetOf(url: unknown): Target | undefined {
  if (typeof url !== "string" || url.length > LONGEST) return undefined;
  // An address that begins with none would be taken relative to this page.
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  if (parsed.protocol === "mailto:") return mailTarget(parsed);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") return undefined;
  const disguised = parsed.username !== "" || parsed.password !== "";
  parsed.username = "";
  parsed.password = "";
  const place = parsed.host;
  if (place === "") return undefined;
  const foreign = place.split(".").some((label) => label.startsWith("xn--"));
  return { href: parsed.href, place, isSuspicious: disguised || foreign };
}

/** Only the address: subject, text and further receivers are not for a model to fill in. */
function mailTarget(url: URL): Target | undefined {
  const address = url.pathname;
  if (!/^[^\s@,;:<>"]+@[^\s@,;:<>"]+$/.test(address)) return undefined;
  return { href: `mailto:${address}`, place: address, isSuspicious: false };
}

/** Whether the text of a link says itself where it goes. */
export function saysPlace(text: string, { place, isSuspicious }: Target): boolean {
  if (isSuspicious) return false;
  const shown = text.trim().toLowerCase();
  if (shown === place.toLowerCase()) return true;
  // Only plain characters: others may look like a host, or turn the direction of the text around.
  if (!/^[\x21-\x7e]+$/.test(shown)) return false;
  const full = /^[a-z][a-z0-9+.-]*:/.test(shown) ? shown : `https://${shown}`;
  if (!URL.canParse(full)) return false;
  const { host, username, password } = new URL(full);
  return host === place && username === "" && password === "";
}
