import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "~/api/queries";
import { App } from "~/app/App";
import { followLanguage } from "~/i18n";
import "~/styles/tokens.css";
import "~/styles/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

void followLanguage();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
