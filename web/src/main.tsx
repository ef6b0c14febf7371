import "~/styles/tokens.css";
import "~/styles/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "~/api/queries";
import { App } from "~/app/App";
import { followLanguage } from "~/i18n";
import { startPwa } from "~/pwa/register";
import { followTheme } from "~/state/theme";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

// Before anything is drawn, so that nothing flashes in the wrong colours or the wrong language.
followTheme();
await followLanguage();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
startPwa();
