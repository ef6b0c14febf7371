import { Skeleton } from "~/ui/Skeleton";
import styles from "./Loading.module.css";

/** In place of a page that is not there yet. */
export function Loading() {
  return (
    <div className={styles.loading}>
      <Skeleton />
    </div>
  );
}
