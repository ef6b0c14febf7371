import { useQuery } from "@tanstack/react-query";
import { act, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { documentWatch } from "~/features/documents/uploads";
import { originalOf } from "~/features/sources/original/originals";
import { apiKey, useApiKey } from "~/state/apiKey";
import { usePanel } from "~/state/panel";
import { renderWithQueries } from "~/test/render";
import { serve } from "~/test/server";
import { useKeyChange } from "./useKeyChange";

const asked = vi.fn();
/** The server answers when this is resolved. */
let answered: Promise<unknown>;

function Page() {
  useKeyChange();
  const { data } = useQuery({
    queryKey: ["shown"],
    queryFn: async () => {
      asked();
      await answered;
      return apiKey() === "hers" ? "her secret" : `of ${apiKey() || "nobody"}`;
    },
  });
  return <p>{data ?? "loading"}</p>;
}

beforeEach(() => {
  asked.mockClear();
  answered = Promise.resolve();
  act(() => useApiKey.setState({ key: "hers", needed: false }));
});

async function shown() {
  const view = renderWithQueries(<Page />);
  await screen.findByText("her secret");
  view.client.setQueryData(["seen", "before"], "another secret");
  return view;
}

const elsewhere = (key: string | undefined): void => {
  if (key === undefined) localStorage.removeItem("chatbot.apiKey");
  else localStorage.setItem("chatbot.apiKey", JSON.stringify(key));
  window.dispatchEvent(new StorageEvent("storage", { key: "chatbot.apiKey" }));
};

describe("another API key", () => {
  it.each([
    ["that is put in its place", () => useApiKey.getState().setKey("his"), "of his"],
    ["that is forgotten", () => useApiKey.getState().setKey(""), "of nobody"],
    ["that another tab puts there", () => elsewhere("his"), "of his"],
    ["that another tab forgets", () => elsewhere(undefined), "of nobody"],
  ])("%s leaves nothing of what was fetched before", async (_what, change, expected) => {
    const { client } = await shown();
    documentWatch.note({ document_id: "d", status: "ready" } as Parameters<typeof documentWatch.note>[0]);
    act(() => usePanel.getState().openDocument("d", "her.pdf"));
    let answer = (_: unknown): void => undefined;
    answered = new Promise((resolve) => {
      answer = resolve;
    });
    act(change);
    expect(await screen.findByText("loading")).toBeInTheDocument();
    answer(undefined);
    expect(client.getQueryData(["seen", "before"])).toBeUndefined();
    expect(documentWatch.seen.getState()).toEqual({});
    expect(usePanel.getState().content).toBeUndefined();
    expect(await screen.findByText(expected)).toBeInTheDocument();
  });

  it("has files fetched anew", async () => {
    const url = `${location.origin}/api/documents/d/content`;
    const requests = serve({
      "GET /documents/d/download": { url, method: "GET", headers: {} },
      "GET /documents/d/content": new Response("bytes"),
    });
    const look = () =>
      originalOf("d", {
        signal: new AbortController().signal,
        onProgress: () => undefined,
        evenLarge: false,
      });
    await shown();
    await look();
    act(() => useApiKey.getState().setKey("his"));
    await look();
    expect(requests.filter(({ url: each }) => each === url)).toHaveLength(2);
  });

  it("than none keeps what there is, and asks again", async () => {
    useApiKey.setState({ key: "" });
    renderWithQueries(<Page />);
    await screen.findByText("of nobody");
    act(() => useApiKey.getState().setKey("his"));
    expect(screen.queryByText("loading")).toBeNull();
    expect(await screen.findByText("of his")).toBeInTheDocument();
  });

  it("is not one that is only saved again; what was refused with it is asked for once more", async () => {
    await shown();
    act(() => useApiKey.setState({ needed: true }));
    act(() => useApiKey.getState().setKey("hers"));
    expect(screen.getByText("her secret")).toBeInTheDocument();
    await waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
  });
});
