import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => {
  vi.resetModules();
});

async function readFrom(kept: unknown) {
  localStorage.setItem("chatbot.preferences", typeof kept === "string" ? kept : JSON.stringify(kept));
  vi.resetModules();
  const { usePreferences } = await import("./preferences");
  return usePreferences.getState();
}

describe("preferences", () => {
  it("are what was kept", async () => {
    const kept = { theme: "dark", language: "de", model: "builtin", enterSends: false };
    expect(await readFrom(kept)).toMatchObject(kept);
  });

  it.each([
    ["rubbish", "{"],
    ["a list", [1, 2]],
    ["nothing", null],
    ["values of other types", { theme: 7, enterSends: "yes", model: {}, sidebarOpen: null }],
    ["values that there are not", { theme: "purple", language: "xx" }],
  ])("are the usual ones where %s was kept", async (_what, kept) => {
    expect(await readFrom(kept)).toMatchObject({
      theme: "system",
      language: "system",
      model: undefined,
      enterSends: true,
      sidebarOpen: true,
    });
  });

  it("follow another tab", async () => {
    await readFrom({ theme: "light" });
    const { usePreferences } = await import("./preferences");
    localStorage.setItem("chatbot.preferences", JSON.stringify({ theme: "dark" }));
    window.dispatchEvent(new StorageEvent("storage", { key: "chatbot.preferences" }));
    expect(usePreferences.getState().theme).toBe("dark");
  });

  it.each([
    ["back to the server's own", JSON.stringify({ theme: "dark" }), "dark"],
    ["and all else by forgetting everything", undefined, "system"],
  ])("follow another tab that put the model %s", async (_how, kept, theme) => {
    await readFrom({ theme: "dark", model: "builtin" });
    const { usePreferences } = await import("./preferences");
    if (kept) localStorage.setItem("chatbot.preferences", kept);
    else localStorage.removeItem("chatbot.preferences");
    window.dispatchEvent(new StorageEvent("storage", { key: "chatbot.preferences" }));
    expect(usePreferences.getState()).toMatchObject({ theme, model: undefined });
  });
});
