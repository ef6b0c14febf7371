import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "~/ui/Button";
import { FileInput, type FileInputHandle } from "./FileInput";
import { useTakeFiles } from "./useTakeFiles";

/** The composer's paperclip: adds files to the documents, and to those that the conversation may use. */
export function AttachButton({ conversationId }: { readonly conversationId: string }) {
  const { t } = useTranslation("documents");
  const take = useTakeFiles();
  const input = useRef<FileInputHandle>(null);
  return (
    <>
      <IconButton icon="paperclip" label={t("attach")} onClick={() => input.current?.open()} />
      <FileInput ref={input} onFound={(found) => take(found, conversationId)} />
    </>
  );
}
