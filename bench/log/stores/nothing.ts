// What the load costs by itself: it makes its entries and is told at once that they are durable.
import { dataAt, type OpenStore } from '../store.ts';

export const openNothing: OpenStore = async ({ streams }, progress) => {
  let stored = 0;
  return {
    append(from, count) {
      for (let n = from; n < from + count; n += 1) if (dataAt(n, streams).length > 0) stored += 1;
      progress.settleRange(from, from + count);
    },
    countStored: async () => stored,
    close: async () => undefined,
  };
};
