import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { documentWatch, forgetFinishedUploads } from "~/features/documents/uploads";
import { forgetOriginals } from "~/features/sources/original/originals";
import { useApiKey } from "~/state/apiKey";
import { usePanel } from "~/state/panel";

/** What the page holds of the server belongs to the key that it came with, wherever the key is changed: here, in a dialog, in another tab. */
export function useKeyChange(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      useApiKey.subscribe((now, before) => {
        const isOther = now.key !== before.key;
        if (isOther && before.key) forgetServer(client);
        // What was refused before is asked for again.
        else if (isOther || (before.needed && !now.needed)) void client.invalidateQueries();
      }),
    [client],
  );
}

/** Forgets what was fetched with another key, on the screen too; what is shown now is fetched anew. */
function forgetServer(client: QueryClient): void {
  usePanel.getState().close();
  forgetOriginals();
  documentWatch.seen.setState({}, true);
  forgetFinishedUploads();
  client.removeQueries({ type: "inactive" });
  void client.resetQueries();
}
