// A table, which scrolls inside itself where it is wider than the page.
import type { Tokens } from 'marked';
import { placed } from '../../shared/placed.ts';
import { Inline } from './inline.tsx';

export function TableBlock({ table }: { readonly table: Tokens.Table }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard.
    <section className="table-block" tabIndex={0} aria-label="Table">
      <table>
        <thead>
          <tr>
            {placed(table.header).map(({ place, item }) => (
              <th key={place} dir="auto" data-align={item.align ?? undefined}>
                <Inline tokens={item.tokens} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {placed(table.rows).map((row) => (
            <tr key={row.place}>
              {placed(row.item).map(({ place, item }) => (
                <td key={place} dir="auto" data-align={item.align ?? undefined}>
                  <Inline tokens={item.tokens} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
