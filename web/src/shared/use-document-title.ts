// The name of the browser's tab.
import { useEffect } from 'react';

/** `undefined`: the page's own name alone. */
export function useDocumentTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title === undefined ? 'Verbatim' : `${title} · Verbatim`;
  }, [title]);
}
