import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createQueryClient } from "~/api/queries";
import CostsPage from "./CostsPage";
import type { UsageRow } from "./figures";

const row = (change: Partial<UsageRow>): UsageRow => ({
  day: "2026-11-20",
  model: "builtin",
  turns: 2,
  input_tokens: 1_000,
  output_tokens: 200,
  cache_read_tokens: 0,
  cost_usd: 0,
  ...change,
});

const CLAUDE = "bedrock:global.anthropic.claude-haiku-5-5";
let asked: string[];

function show(rows: readonly UsageRow[], status = 200) {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/api/models") return Response.json({ models: [{ id: "builtin", built_in: true }] });
    asked.push(searchParams.get("days") ?? "");
    if (status !== 200) {
      const error = { code: "store", message: "The store rests.", request_id: "r" };
      return Response.json({ error }, { status });
    }
    return Response.json({ days: rows, total: {} });
  });
  render(
    <QueryClientProvider client={createQueryClient()}>
      <CostsPage />
    </QueryClientProvider>,
  );
}

const figureOf = async (name: string): Promise<string> =>
  (await screen.findByText(name, { selector: "dt" })).nextElementSibling?.textContent ?? "";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-11-21T00:00:00Z"), shouldAdvanceTime: true });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the page of costs", () => {
  it("says what this month cost, what it may come to, and what an answer costs on average", async () => {
    show([row({ model: CLAUDE, cost_usd: 2 }), row({ turns: 6 })]);
    expect(await figureOf("Cost")).toBe("$2.00");
    expect(await figureOf("At the end of the month")).toBe("about $3.00");
    expect(await figureOf("Answers")).toBe("8");
    expect(screen.getByText("Per answer $0.25 and 300 tokens on average")).toBeVisible();
    expect(asked).toEqual(["21"]);
  });

  it("lists the models by name, the built-in one as free", async () => {
    show([row({ model: CLAUDE, cost_usd: 2 }), row({})]);
    const region = await screen.findByRole("region", { name: "By model" });
    const lines = within(region)
      .getAllByRole("row")
      .map((each) => each.textContent);
    expect(lines[1]).toBe("Claude Haiku 5.521,0002000$2.00");
    expect(lines[2]).toBe("Built-in model21,0002000free");
  });

  it("claims no more than it knows where a price is missing", async () => {
    show([row({ model: "openai:x@http://h/v1", cost_usd: null }), row({ model: CLAUDE, cost_usd: 1 })]);
    expect(await figureOf("Cost")).toBe("at least $1.00");
    expect(await figureOf("At the end of the month")).toBe("at least $1.50");
    const region = screen.getByRole("region", { name: "By model" });
    expect(within(region).getByText("price not known")).toBeVisible();
    expect(screen.getAllByText(/The price of some models is not known/).length).toBeGreaterThan(0);
  });

  it("does not say at least nothing where no price is known at all", async () => {
    show([row({ model: "openai:x@http://h/v1", cost_usd: null })]);
    expect(await figureOf("Cost")).toBe("price not known");
  });

  it("asks for other periods, without an estimate for them", async () => {
    show([row({ model: CLAUDE, cost_usd: 2 })]);
    await screen.findByText("At the end of the month");
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    await user.click(screen.getByRole("radio", { name: "Last 90 days" }));
    expect(await screen.findByRole("img", { name: /^Cost of 90 days/ })).toBeVisible();
    expect(screen.queryByText("At the end of the month")).not.toBeInTheDocument();
    expect(asked).toEqual(["21", "90"]);
  });

  it("draws a bar a day, and has the figures as a table", async () => {
    show([row({ day: "2026-11-20" }), row({ day: "2026-11-03", turns: 7 })]);
    const chart = await screen.findByRole("img", { name: /^Tokens of 21 days/ });
    expect(chart.querySelectorAll("title")).toHaveLength(21);
    expect(within(chart).getByText("Nov 20: 1,200")).toBeInTheDocument();
    const table = screen.getAllByRole("table", { hidden: true })[0];
    const days = within(table as HTMLElement).getAllByRole("rowheader", { hidden: true });
    expect(days.map((each) => each.textContent)).toEqual(["Nov 3", "Nov 20"]);
  });

  it("says when there is nothing yet", async () => {
    show([]);
    expect(await screen.findByText("Nothing was asked in this time")).toBeVisible();
  });

  it("says why it failed and tries again", async () => {
    show([], 422);
    expect(await screen.findByText("The store rests.")).toBeVisible();
    expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
  });
});
