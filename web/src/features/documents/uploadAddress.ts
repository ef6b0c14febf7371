import { API_BASE } from "~/api/client";
import { ApiError } from "~/api/errors";

export interface UploadAddress {
  readonly url: string;
  /** Whether it is our own server, which may see the API key. */
  readonly isOwn: boolean;
}

/**
 * Where the bytes go. The server's own receiving route is always addressed through this page's origin, as every other route is: behind
 * a proxy the server may know itself under another name. Anything else is taken as it is (a signed address of the bucket).
 */
export function uploadAddress(documentId: string, given: string, origin = location.origin): UploadAddress {
  const url = parse(given, origin);
  const route = `/documents/${documentId}/content`;
  if (url.pathname === route || url.pathname === API_BASE + route)
    return { url: origin + API_BASE + route + url.search, isOwn: true };
  return { url: url.href, isOwn: url.origin === origin };
}

function parse(given: string, origin: string): URL {
  try {
    const url = new URL(given, origin);
    if (url.protocol === "https:" || url.protocol === "http:") return url;
  } catch {
    // Said below.
  }
  throw new ApiError(0, "unreadable", "");
}
