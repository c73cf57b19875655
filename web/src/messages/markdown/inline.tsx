// What stands within a line: emphasis, code, links. HTML is shown as the text that it is.
import type { MarkedToken, Token } from 'marked';
import type { ReactNode } from 'react';
import { decodeReferences } from './decode-references.ts';
import { OutsideLink } from './outside-link.tsx';
import { placed } from '../../shared/placed.ts';
import { known } from './parse-block.ts';
import { RemoteImage } from './remote-image.tsx';

export function Inline({ tokens }: { readonly tokens: Token[] | undefined }) {
  return placed(known(tokens)).map(({ place, item }) => <InlineToken key={place} token={item} />);
}

function InlineToken({ token }: { readonly token: MarkedToken }): ReactNode {
  switch (token.type) {
    case 'strong':
      return (
        <strong>
          <Inline tokens={token.tokens} />
        </strong>
      );
    case 'em':
      return (
        <em>
          <Inline tokens={token.tokens} />
        </em>
      );
    case 'del':
      return (
        <del>
          <Inline tokens={token.tokens} />
        </del>
      );
    case 'codespan':
      return <code dir="auto">{token.text}</code>;
    case 'br':
      return <br />;
    case 'link':
      return (
        <OutsideLink href={token.href} title={token.title ?? undefined}>
          {token.autolink === true ? token.text : <Inline tokens={token.tokens} />}
        </OutsideLink>
      );
    case 'image':
      return <RemoteImage href={token.href} text={decodeReferences(token.text)} />;
    case 'html':
      return <HtmlText source={token.text} />;
    case 'text':
      return token.tokens === undefined ? decodeReferences(token.text) : <Inline tokens={token.tokens} />;
    case 'escape':
      return token.text;
    default:
      return token.raw;
  }
}

/** The one tag with a meaning here is the line break, which models write in tables. */
function HtmlText({ source }: { readonly source: string }) {
  if (/^<br\s*\/?>$/i.test(source)) return <br />;
  return source.startsWith('<!--') ? null : source;
}
