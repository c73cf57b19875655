// Keeps the newest text in sight while the reader is at the bottom, and leaves a reader who
// scrolled up alone.
import { useCallback, useEffect, useRef, useState } from 'react';

const nearPx = 32; // Chosen: about a line of text.

export function useStickToLatest() {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [away, setAway] = useState(false);

  const follow = useCallback((on: boolean): void => {
    following.current = on;
    setAway(!on);
  }, []);

  const jump = useCallback((): void => {
    follow(true);
    scrollToEnd(scroller.current);
  }, [follow]);

  useEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (box === null || inner === null) return undefined;
    let lastTop = box.scrollTop;
    const onScroll = (): void => {
      const restPx = box.scrollHeight - box.clientHeight - box.scrollTop;
      // Text that came since the last scroll makes the rest grow too: only going up means leaving.
      if (restPx <= nearPx) follow(true);
      else if (box.scrollTop < lastTop - 1) follow(false);
      lastTop = box.scrollTop;
    };
    const observer = new ResizeObserver(() => {
      if (following.current) scrollToEnd(box);
    });
    observer.observe(inner);
    observer.observe(box);
    box.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', onScroll);
    };
  }, [follow]);

  return { scroller, content, away, jump };
}

function scrollToEnd(box: HTMLElement | null): void {
  if (box !== null) box.scrollTop = box.scrollHeight;
}
