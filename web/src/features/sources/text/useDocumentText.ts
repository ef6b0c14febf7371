import { useQuery } from "@tanstack/react-query";
import { api, dataOf } from "~/api/client";
import { keys } from "~/api/queries";

/** What was read out of a document. */
export const useDocumentText = (documentId: string) =>
  useQuery({
    queryKey: [...keys.document(documentId), "text"],
    queryFn: async ({ signal }) =>
      dataOf(
        await api.GET("/documents/{document_id}/text", {
          params: { path: { document_id: documentId } },
          signal,
        }),
      ),
  });
