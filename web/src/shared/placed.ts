// For lists whose items are the same thing only while they keep their place, such as the tokens
// of a text that grows at its end: the place is their key.
export interface Placed<Item> {
  readonly place: number;
  readonly item: Item;
}

export function placed<Item>(items: readonly Item[]): Placed<Item>[] {
  return items.map((item, place) => ({ place, item }));
}
