import styles from "./FileName.module.css";

/** The name of a document: its folders quietly, and cut before the name itself is. */
export function FileName({ path }: { readonly path: string }) {
  const cut = path.lastIndexOf("/") + 1;
  return (
    <span className={styles.root} title={path}>
      {cut > 0 && (
        <span className={styles.folder}>
          <bdi>{path.slice(0, cut)}</bdi>
        </span>
      )}
      <bdi className={styles.name}>{path.slice(cut)}</bdi>
    </span>
  );
}
