import { expect, it, vi } from "vitest";
import { NEW, useChoicesStore } from "~/state/choices";
import { type Announced, transport } from "./transport";
import { uploadFiles } from "./uploads";

const RESTRICTED = { useDocuments: true, documentIds: ["other"], model: undefined };

it("attaches a file to the conversation that it was given to, which gets its id while the file is on its way", async () => {
  let announced = (_: Announced): void => undefined;
  const answer = new Promise<Announced>((resolve) => {
    announced = resolve;
  });
  const announce = vi.spyOn(transport, "announce").mockReturnValue(answer);
  vi.spyOn(transport, "send").mockReturnValue(new Promise(() => undefined));
  const { choose, adopt } = useChoicesStore.getState();
  choose(NEW, RESTRICTED);
  uploadFiles([new File(["bytes"], "a.txt")], NEW);
  await vi.waitFor(() => expect(announce).toHaveBeenCalledOnce());
  adopt("c1");
  // The next new conversation is another one.
  choose(NEW, RESTRICTED);
  announced({ documentId: "d1", target: { url: "/x", method: "PUT", headers: {} }, replaces: false });
  const chosenBy = (id: string) => useChoicesStore.getState().byConversation[id]?.documentIds;
  await vi.waitFor(() => expect(chosenBy("c1")).toEqual(["other", "d1"]));
  expect(chosenBy(NEW)).toEqual(["other"]);
  vi.restoreAllMocks();
});
