import { act } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { navigate } from "wouter/use-browser-location";
import { keys } from "~/api/queries";
import { renderWithQueries } from "~/test/render";
import { usePageTitle } from "./usePageTitle";

function Title() {
  return usePageTitle();
}

beforeEach(() => history.replaceState(null, "", "/"));

describe("the title of the page", () => {
  it.each([
    ["/", "New chat - Chatbot"],
    ["/library", "Documents - Chatbot"],
    ["/costs/", "Costs - Chatbot"],
    ["/settings", "Settings - Chatbot"],
    ["/welcome", "Welcome - Chatbot"],
    ["/c/unknown", "New chat - Chatbot"],
  ])("at %s is %j", (path, title) => {
    history.replaceState(null, "", path);
    renderWithQueries(<Title />);
    expect(document.title).toBe(title);
  });

  it("is that of the conversation, and changes with it", () => {
    const { client } = renderWithQueries(<Title />);
    const rename = (title: string): void => {
      client.setQueryData(keys.conversation("c1"), { conversation: { title }, messages: [] });
    };
    act(() => {
      navigate("/c/c1");
      rename("Capitals of Europe");
    });
    expect(document.title).toBe("Capitals of Europe - Chatbot");
    act(() => rename("Capitals of Asia"));
    expect(document.title).toBe("Capitals of Asia - Chatbot");
  });
});
