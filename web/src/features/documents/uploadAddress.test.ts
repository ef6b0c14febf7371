import { expect, it } from "vitest";
import { ApiError } from "~/api/errors";
import { uploadAddress } from "./uploadAddress";

const origin = "https://chat.example";
const id = "0b8e2b1f4c7d4a6f9d3c5e7a1b2c3d4e";
const address = (url: string) => uploadAddress(id, url, origin);

it.each([
  `https://chat.example/api/documents/${id}/content?size=5`,
  `http://127.0.0.1:8000/api/documents/${id}/content?size=5`,
  `http://localhost:8000/documents/${id}/content?size=5`,
  `/documents/${id}/content?size=5`,
])("our own receiving route is addressed through this page's origin: %s", (url) => {
  expect(address(url)).toEqual({
    url: `https://chat.example/api/documents/${id}/content?size=5`,
    isOwn: true,
  });
});

it("a signed address of a bucket is taken as it is, and is not ours", () => {
  const url = "https://bucket.s3.eu-central-1.amazonaws.com/a%20b.pdf?X-Amz-Signature=00";
  expect(address(url)).toEqual({ url, isOwn: false });
});

it("a name in a bucket that looks like the route of another document is not ours", () => {
  expect(address(`https://bucket.s3.amazonaws.com/documents/${"0".repeat(32)}/content`).isOwn).toBe(false);
});

it.each(["javascript:alert(1)", "file:///etc/passwd", "data:text/plain,x", "http://["])(
  "%s is refused",
  (url) => {
    expect(() => address(url)).toThrow(ApiError);
  },
);
