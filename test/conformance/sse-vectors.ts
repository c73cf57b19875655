// Event streams as bytes, and what each must give by [whatwg-html 9.2.5 and 9.2.6], worked out from
// the standard's text. The parser is held to them, and so are real browsers.

export type WireEvent = readonly [event: string, data: string, lastEventId: string];

export interface Vector {
  /** The rule of docs/spec/sse.md that it shows, in brackets. */
  readonly rule: string;
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly events: readonly WireEvent[];
  /** The cursor at the end. */
  readonly cursor: string;
  /** Every valid `retry`, in ms. */
  readonly retries: readonly number[];
}

/** Text is UTF-8; numbers are bytes as they are. */
type Input = string | ReadonlyArray<string | readonly number[]>;
/** What is given but the events of type `message` without an id, which are their data alone. */
interface More {
  readonly cursor?: string;
  readonly retries?: readonly number[];
}
type Row = readonly [name: string, input: Input, events: ReadonlyArray<string | WireEvent>, more?: More];

const lines: readonly Row[] = [
  ['LF ends lines', 'data: a\n\n', ['a']],
  ['CR ends lines', 'data: a\r\r', ['a']],
  ['CRLF ends lines', 'data: a\r\n\r\n', ['a']],
  ['line ends may be mixed', 'data: a\rdata: b\r\ndata: c\n\rdata: d\n\r\n', ['a\nb\nc', 'd']],
  ['LF CR is two line ends', 'data: a\n\rdata: b\n', ['a']],
  ['CR LF is one line end, so the block goes on', 'data: a\r\ndata: b\n\n', ['a\nb']],
  ['CR LF LF is a blank line', 'data: a\r\n\ndata: b\n', ['a']],
  ['CR CR LF is a blank line', 'data: a\r\r\ndata: b\n', ['a']],
  ['CR LF CR is a blank line', 'data: a\r\n\rdata: b\n', ['a']],
  ['LF LF CR LF is two blank lines', 'data: a\n\n\r\ndata: b\n\n', ['a', 'b']],
  ['CR CR CR is two blank lines', 'data: a\r\r\rdata: b\r\r', ['a', 'b']],
  ['VT and FF end no line', 'data: a\v\fb\n\n', ['a\v\fb']],
  ['NEL, LS and PS end no line', 'data: a\u0085\u2028\u2029b\n\n', ['a\u0085\u2028\u2029b']],
  ['FS, GS and RS end no line', 'data: a\u001c\u001d\u001eb\n\n', ['a\u001c\u001d\u001eb']],
  ['blank lines alone give nothing', '\n\n\r\r\n\n', []],
  ['an empty stream gives nothing', '', []],
  ['blank lines before an event', '\n\n\ndata: a\n\n', ['a']],
  ['blank lines between events', 'data: a\n\n\n\n\ndata: b\n\n', ['a', 'b']],
  ['a stream that ends with CR has ended its line', 'data: a\n\r', ['a']],
  ['a stream that ends between CR and LF', 'data: a\r\n\r', ['a']],
  ['a CR within a field name ends it', 'da\rta: a\n\n', []],
  ['a BOM between CR and LF is a line of its own', 'data: a\r\ufeff\ndata: b\n\n', ['a\nb']],
  ['an LF behind an id', 'id: 1\rdata: a\r\n\n', [['message', 'a', '1']], { cursor: '1' }],
];

const utf8: readonly Row[] = [
  ['characters of two, three and four bytes', 'data: é日🐟\n\n', ['é日🐟']],
  ['the last of Unicode', 'data: \u{10ffff}\u{e000}\ufffd\n\n', ['\u{10ffff}\u{e000}\ufffd']],
  ['a NUL in data stays', 'data: a\0b\n\n', ['a\0b']],
  [
    'combining marks and joiners stay as they are',
    'data: e\u0301 \u{1f469}\u200d\u{1f680}\n\n',
    ['e\u0301 \u{1f469}\u200d\u{1f680}'],
  ],
  ['a lone continuation byte', ['data: a', [0x80], 'b\n\n'], ['a\ufffdb']],
  ['two lone continuation bytes', ['data: ', [0xbf, 0x80], '\n\n'], ['\ufffd\ufffd']],
  ['a byte that begins nothing', ['data: ', [0xff], 'x', [0xfe], '\n\n'], ['\ufffdx\ufffd']],
  ['an overlong slash', ['data: ', [0xc0, 0xaf], '\n\n'], ['\ufffd\ufffd']],
  ['an overlong LF ends no line', ['data: a', [0xc0, 0x8a], 'b\n\n'], ['a\ufffd\ufffdb']],
  ['an overlong of three bytes', ['data: ', [0xe0, 0x80, 0x8a], '\n\n'], ['\ufffd\ufffd\ufffd']],
  ['a surrogate as UTF-8', ['data: ', [0xed, 0xa0, 0x80], '\n\n'], ['\ufffd\ufffd\ufffd']],
  ['beyond the last of Unicode', ['data: ', [0xf4, 0x90, 0x80, 0x80], '\n\n'], ['\ufffd\ufffd\ufffd\ufffd']],
  ['a lead byte that is none', ['data: ', [0xf5, 0x80, 0x80, 0x80], '\n\n'], ['\ufffd\ufffd\ufffd\ufffd']],
  ['two of three bytes before LF are one mark', ['data: ', [0xe6, 0x97], '\n\n'], ['\ufffd']],
  ['three of four bytes before LF are one mark', ['data: ', [0xf0, 0x9f, 0x90], '\n\n'], ['\ufffd']],
  ['a cut character before another', ['data: ', [0xe6, 0x97], '日\n\n'], ['\ufffd日']],
  ['a cut character does not swallow the line end', ['data: a', [0xc3], '\ndata: b\n\n'], ['a\ufffd\nb']],
  ['a cut character does not swallow the CR', ['data: a', [0xe2, 0x82], '\r\n\r\n'], ['a\ufffd']],
  ['an invalid byte in a field name makes it unknown', ['da', [0xff], 'ta: a\ndata: b\n\n'], ['b']],
  [
    'an invalid byte in an id is a mark',
    ['id: ', [0xff], '\ndata: a\n\n'],
    [['message', 'a', '\ufffd']],
    { cursor: '\ufffd' },
  ],
  ['an invalid byte in a name is a mark', ['event: ', [0xc3], '\ndata: a\n\n'], [['\ufffd', 'a', '']]],
  ['a cut character at the end of the stream', ['data: a\n\ndata: b', [0xe6, 0x97]], ['a']],
  ['Latin-1 is not UTF-8', ['data: caf', [0xe9], ' ol', [0xe9], '\n\n'], ['caf\ufffd ol\ufffd']],
  ['a fullwidth colon is no colon', 'data：a\ndata: b\n\n', ['b']],
  ['a no-break space is no space', 'data:\u00a0a\n\n', ['\u00a0a']],
  ['a surrogate pair as UTF-8', ['data: ', [0xed, 0xa0, 0xbd, 0xed, 0xb0, 0x9f], '\n\n'], ['\ufffd'.repeat(6)]],
  ['an overlong of four bytes', ['data: ', [0xf0, 0x80, 0x80, 0x8a], '\n\n'], ['\ufffd'.repeat(4)]],
  ['an overlong of ASCII', ['data: ', [0xc1, 0xbf], '\n\n'], ['\ufffd\ufffd']],
  ['a cut character before a cut one', ['data: ', [0xe6, 0x97, 0xe6, 0x97], '\n\n'], ['\ufffd\ufffd']],
  ['a cut character before ASCII is one mark', ['data: ', [0xf0, 0x90], 'A\n\n'], ['\ufffdA']],
  ['a second byte out of its range is a mark of its own', ['data: ', [0xf0, 0x8f], '\n\n'], ['\ufffd\ufffd']],
  ['noncharacters are characters', 'data: \ufdd0\ufffe\uffff\n\n', ['\ufdd0\ufffe\uffff']],
  ['a cut character before the colon makes the name unknown', ['data', [0xc3], ': a\ndata: b\n\n'], ['b']],
  ['a cut character behind the colon is before the space', ['data:', [0xc3], ' a\n\n'], ['\ufffd a']],
];

const bom: readonly Row[] = [
  ['one BOM at the start is skipped', '\ufeffdata: a\n\n', ['a']],
  ['a BOM and nothing else', '\ufeff', []],
  ['a second BOM belongs to the field name', '\ufeff\ufeffdata: a\n\n', []],
  ['a second BOM spoils one line only', '\ufeff\ufeffdata: a\ndata: b\n\n', ['b']],
  ['a BOM later belongs to the field name', 'data: a\n\n\ufeffdata: b\n\n', ['a']],
  ['a BOM behind a line end belongs to the field name', '\n\ufeffdata: a\n\n', []],
  ['a BOM in a value stays', 'data: \ufeffa\n\n', ['\ufeffa']],
  ['a BOM as the first of a value without a space stays', 'data:\ufeffa\n\n', ['\ufeffa']],
  ['a BOM at the end of a value stays', 'data: a\ufeff\n\n', ['a\ufeff']],
  ['a BOM before a blank line leaves a blank line', '\ufeff\ndata: a\n\n', ['a']],
  ['a BOM before a CR leaves a blank line', '\ufeff\rdata: a\n\n', ['a']],
  ['a BOM before a CRLF leaves a blank line', '\ufeff\r\ndata: a\n\n', ['a']],
  ['a BOM before a comment', '\ufeff: hi\ndata: a\n\n', ['a']],
  ['a BOM before an id', '\ufeffid: 1\ndata: a\n\n', [['message', 'a', '1']], { cursor: '1' }],
  ['the first byte of a BOM alone is no BOM', [[0xef], 'data: a\ndata: b\n\n'], ['b']],
  ['two bytes of a BOM are no BOM', [[0xef, 0xbb], 'data: a\ndata: b\n\n'], ['b']],
  ['two bytes of a BOM before a line end', [[0xef, 0xbb], '\ndata: b\n\n'], ['b']],
  ['two bytes of a BOM and nothing else', [[0xef, 0xbb]], []],
  ['the BOM of UTF-16 is none', [[0xff, 0xfe], 'data: a\ndata: b\n\n'], ['b']],
  ['the characters ï»¿ are no BOM', 'ï»¿data: a\ndata: b\n\n', ['b']],
];

const data: readonly Row[] = [
  ['data lines are joined by LF', 'data: a\ndata: b\ndata: c\n\n', ['a\nb\nc']],
  ['data alone dispatches ""', 'data\n\n', ['']],
  ['data with a colon alone dispatches ""', 'data:\n\n', ['']],
  ['data with a space alone dispatches ""', 'data: \n\n', ['']],
  ['two empty data lines give one LF', 'data\ndata\n\n', ['\n']],
  ['three empty data lines give two LF', 'data:\ndata\ndata: \n\n', ['\n\n']],
  ['an empty data line first is kept', 'data:\ndata: a\n\n', ['\na']],
  ['an empty data line last is kept', 'data: a\ndata:\n\n', ['a\n']],
  ['an empty data line between is kept', 'data: a\ndata\ndata: b\n\n', ['a\n\nb']],
  ['one leading space is removed, and no more', 'data:  a\n\n', [' a']],
  ['a value of two spaces is one', 'data:  \n\n', [' ']],
  ['no space needs to be there', 'data:a\n\n', ['a']],
  ['a leading tab stays', 'data:\ta\n\n', ['\ta']],
  ['a tab behind the space stays', 'data: \ta\n\n', ['\ta']],
  ['trailing spaces stay', 'data: a  \n\n', ['a  ']],
  ['only the first colon divides', 'data: a: b:c\n\n', ['a: b:c']],
  ['a value may begin with a colon', 'data::a\n\n', [':a']],
  ['a value may be a colon', 'data: :\n\n', [':']],
  ['a value may look like a field', 'data: data: a\ndata: id: 9\n\n', ['data: a\nid: 9']],
  ['JSON stays as it is', 'data: {"a":"b: c","d":[1,2]}\n\n', ['{"a":"b: c","d":[1,2]}']],
  [
    'data lines with others between belong together',
    'data: a\nid: 1\n: c\nfoo\ndata: b\n\n',
    [['message', 'a\nb', '1']],
    { cursor: '1' },
  ],
  ['an event after an event', 'data: a\n\ndata: b\n\n', ['a', 'b']],
  ['data is not carried over to the next block', 'data: a\n\nevent: x\n\ndata: b\n\n', ['a', 'b']],
  ['a long line', `data: ${'x'.repeat(300)}\n\n`, ['x'.repeat(300)]],
  ['many lines', `${'data: y\n'.repeat(40)}\n`, [Array(40).fill('y').join('\n')]],
];

const names: readonly Row[] = [
  ['event names the event', 'event: tick\ndata: a\n\n', [['tick', 'a', '']]],
  ['the name is for one block', 'event: tick\ndata: a\n\ndata: b\n\n', [['tick', 'a', ''], 'b']],
  ['the name of a block without data is forgotten', 'event: tick\n\ndata: b\n\n', ['b']],
  ['the last of two names counts', 'event: a\nevent: b\ndata: c\n\n', [['b', 'c', '']]],
  ['an empty name is "message"', 'event: a\nevent:\ndata: c\n\n', ['c']],
  ['event without a colon is "message"', 'event: a\nevent\ndata: c\n\n', ['c']],
  ['"message" may be said', 'event: message\ndata: c\n\n', ['c']],
  ['a name may come after the data', 'data: c\nevent: a\n\n', [['a', 'c', '']]],
  ['a name between data lines', 'data: c\nevent: a\ndata: d\n\n', [['a', 'c\nd', '']]],
  [
    'names have case',
    'event: Tick\ndata: a\n\nevent: tick\ndata: b\n\n',
    [
      ['Tick', 'a', ''],
      ['tick', 'b', ''],
    ],
  ],
  ['one leading space of a name is removed', 'event:  a\ndata: c\n\n', [[' a', 'c', '']]],
  ['a name without a space behind the colon', 'event:a\ndata: c\n\n', [['a', 'c', '']]],
  ['a name keeps trailing spaces', 'event: a \ndata: c\n\n', [['a ', 'c', '']]],
  ['a name of one space', 'event:  \ndata: c\n\n', [[' ', 'c', '']]],
  ['a name may hold colons', 'event: a:b: c\ndata: d\n\n', [['a:b: c', 'd', '']]],
  ['a name of another script', 'event: 日🐟\ndata: a\n\n', [['日🐟', 'a', '']]],
  [
    'names that every object has',
    'event: __proto__\ndata: a\n\nevent: constructor\ndata: b\n\n',
    [
      ['__proto__', 'a', ''],
      ['constructor', 'b', ''],
    ],
  ],
  ['a NUL in a name stays', 'event: a\0b\ndata: c\n\n', [['a\0b', 'c', '']]],
  ['a leading tab of a name stays', 'event:\ta\ndata: c\n\n', [['\ta', 'c', '']]],
  ['a name may be a line separator', 'event: \u2028\ndata: a\n\n', [['\u2028', 'a', '']]],
];

const ids: readonly Row[] = [
  ['an id sets the cursor', 'id: 1\ndata: a\n\n', [['message', 'a', '1']], { cursor: '1' }],
  [
    'the id is sticky',
    'id: 1\ndata: a\n\ndata: b\n\n',
    [
      ['message', 'a', '1'],
      ['message', 'b', '1'],
    ],
    { cursor: '1' },
  ],
  ['an id-only block moves the cursor without an event', 'id: 9\n\n', [], { cursor: '9' }],
  ['an id-only block counts for what follows', 'id: 9\n\ndata: a\n\n', [['message', 'a', '9']], { cursor: '9' }],
  ['an empty id resets the cursor', 'id: 1\ndata: a\n\nid:\ndata: b\n\n', [['message', 'a', '1'], 'b']],
  ['id without a colon resets the cursor', 'id: 1\n\nid\n\ndata: a\n\n', ['a']],
  ['an id of one space is empty', 'id: 1\n\nid: \n\ndata: a\n\n', ['a']],
  ['an id of two spaces is one', 'id:  \ndata: a\n\n', [['message', 'a', ' ']], { cursor: ' ' }],
  [
    'an id with NUL is ignored',
    'id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n',
    [
      ['message', 'a', '1'],
      ['message', 'b', '1'],
    ],
    { cursor: '1' },
  ],
  ['an id that begins with NUL is ignored', 'id: \x002\ndata: b\n\n', ['b']],
  [
    'an id of NUL alone is ignored, and does not reset',
    'id: 1\n\nid: \0\ndata: a\n\n',
    [['message', 'a', '1']],
    { cursor: '1' },
  ],
  ['the last of two ids counts', 'id: 1\nid: 2\ndata: a\n\n', [['message', 'a', '2']], { cursor: '2' }],
  [
    'an id with NUL leaves the id before it in the block',
    'id: 1\nid: \0\ndata: a\n\n',
    [['message', 'a', '1']],
    { cursor: '1' },
  ],
  ['an id behind one with NUL counts', 'id: \0\nid: 2\ndata: a\n\n', [['message', 'a', '2']], { cursor: '2' }],
  ['an empty id behind another resets within the block', 'id: 1\nid:\ndata: a\n\n', ['a']],
  [
    'an id in an incomplete block does not move the cursor',
    'id: 1\ndata: a\n\nid: 2\ndata: b\n',
    [['message', 'a', '1']],
    { cursor: '1' },
  ],
  ['an id at the end of the stream does not move the cursor', 'id: 1\n\nid: 2', [], { cursor: '1' }],
  ['an id may come after the data', 'data: a\nid: 3\n\n', [['message', 'a', '3']], { cursor: '3' }],
  ['an id between data lines', 'data: a\nid: 3\ndata: b\n\n', [['message', 'a\nb', '3']], { cursor: '3' }],
  ['an id may hold spaces and colons', 'id: x y:z\ndata: a\n\n', [['message', 'a', 'x y:z']], { cursor: 'x y:z' }],
  ['an id of another script', 'id: é日\ndata: a\n\n', [['message', 'a', 'é日']], { cursor: 'é日' }],
  ['an id of zero is an id', 'id: 0\ndata: a\n\n', [['message', 'a', '0']], { cursor: '0' }],
  ['an id is text, not a number', 'id: 007\ndata: a\n\n', [['message', 'a', '007']], { cursor: '007' }],
  ['an id with a name', 'event: t\nid: 5\ndata: a\n\n', [['t', 'a', '5']], { cursor: '5' }],
  ['an id without a space behind the colon', 'id:5\ndata: a\n\n', [['message', 'a', '5']], { cursor: '5' }],
  [
    'an id in a block of an event that has no data',
    'event: t\nid: 5\n\ndata: a\n\n',
    [['message', 'a', '5']],
    { cursor: '5' },
  ],
  ['ID in capitals is no id', 'ID: 5\nId: 6\ndata: a\n\n', ['a']],
  ['an id with NUL does not touch the field behind it', 'id: \0\nfoo: x\ndata: a\n\n', ['a']],
  ['an id with NUL does not touch the field behind a comment', 'id: \0\n: x\ndata: a\n\n', ['a']],
  ['an id with NUL at the end of a block', 'data: a\nid: \0\n\ndata: b\n\n', ['a', 'b']],
  ['an id may hold a tab', 'id: a\tb\ndata: a\n\n', [['message', 'a', 'a\tb']], { cursor: 'a\tb' }],
  ['an id keeps trailing spaces', 'id: 1 \ndata: a\n\n', [['message', 'a', '1 ']], { cursor: '1 ' }],
  ['a BOM in an id stays', 'id: \ufeff1\ndata: a\n\n', [['message', 'a', '\ufeff1']], { cursor: '\ufeff1' }],
  ['an id beyond the BMP', 'id: 🐟\ndata: a\n\n', [['message', 'a', '🐟']], { cursor: '🐟' }],
];

const retries: readonly Row[] = [
  ['retry takes digits', 'retry: 1500\n\n', [], { retries: [1500] }],
  ['retry takes zero', 'retry: 0\n\n', [], { retries: [0] }],
  ['retry takes leading zeros', 'retry: 0010\n\n', [], { retries: [10] }],
  ['retry needs no space', 'retry:25\n\n', [], { retries: [25] }],
  ['retry takes no other characters behind', 'retry: 10a\n\n', []],
  ['retry takes no other characters before', 'retry: a10\n\n', []],
  ['retry takes no minus', 'retry: -1\n\n', []],
  ['retry takes no plus', 'retry: +1\n\n', []],
  ['retry takes no fraction', 'retry: 1.5\n\n', []],
  ['retry takes no exponent', 'retry: 1e3\n\n', []],
  ['retry takes no hexadecimal', 'retry: 0x10\n\n', []],
  ['retry takes one space and not two', 'retry:  7\n\n', []],
  ['retry takes no space behind', 'retry: 7 \n\n', []],
  ['retry takes no digits of other scripts', 'retry: ١٢\n\n', []],
  ['an empty retry is ignored', 'retry\nretry:\nretry: \n\n', []],
  ['a retry in a block with data', 'retry: 5\ndata: a\n\n', ['a'], { retries: [5] }],
  ['a retry needs no blank line', 'retry: 25\n', [], { retries: [25] }],
  ['each retry counts, a bad one between them not', 'retry: 25\nretry: x\nretry: 30\n\n', [], { retries: [25, 30] }],
  ['Retry in capitals is no retry', 'Retry: 25\nRETRY: 26\n\n', []],
  ['retry takes no fullwidth digits', 'retry: １２\n\n', []],
  ['retry takes no tab', 'retry:\t7\n\n', []],
  ['retry takes no NUL', 'retry: 1\x000\n\n', []],
  // The second lets the browsers, which wait for it, come back.
  ['retry has no largest', 'retry: 99999999999999999999\nretry: 1\n\n', [], { retries: [1e20, 1] }],
];

const comments: readonly Row[] = [
  ['comments are skipped', ': a\n:\n:data: b\ndata: c\n: d\n\n', ['c']],
  ['a comment does not end a block', 'data: a\n:\ndata: b\n\n', ['a\nb']],
  ['a comment alone in a block gives nothing', ': heartbeat\n\n', []],
  ['a comment between events', 'data: a\n\n: heartbeat\n\ndata: b\n\n', ['a', 'b']],
  ['a comment may hold anything', ':::: \0 日 data: x\ndata: a\n\n', ['a']],
  ['a space before the colon makes no comment, but an unknown field', ' : a\ndata: b\n\n', ['b']],
  ['a comment does not reset a name', 'event: t\n: x\ndata: a\n\n', [['t', 'a', '']]],
  ['comments end with CR too', ': a\rdata: b\r\r', ['b']],
];

const unknown: readonly Row[] = [
  ['unknown fields are ignored', 'foo: bar\nbaz\ndata: a\n\n', ['a']],
  ['field names have case', 'Data: a\nDATA: b\ndata: c\n\n', ['c']],
  ['field names have no spaces around them', ' data: a\ndata : b\n\n', []],
  ['a tab is part of the name', '\tdata: a\ndata\t: b\n\n', []],
  ['longer names are other names', 'dataa: x\ndata2: x\nidx: 1\nevents: x\nretryy: 5\ndata: a\n\n', ['a']],
  ['shorter names are other names', 'dat: x\ni: 1\neven: x\nretr: 5\nd\ndata: a\n\n', ['a']],
  ['longer names without a colon', 'datax\nidx\neventx\nretryx\ndata: a\n\n', ['a']],
  ['names that every object has are unknown fields', '__proto__: x\nconstructor: y\ntoString\ndata: a\n\n', ['a']],
  ['a block of unknown fields gives nothing', 'foo: bar\n\n', []],
  ['a block of known fields without data gives nothing', 'event: a\nretry: 1\n\n', [], { retries: [1] }],
  ['a line that looks like HTTP is an unknown field', 'HTTP/1.1 200 OK\nContent-Type: x\ndata: a\n\n', ['a']],
  ['a quoted name is another name', '"data": a\ndata: b\n\n', ['b']],
  ['a NUL in a field name is part of it', 'da\0ta: a\ndata\0: b\ndata: c\n\n', ['c']],
  ['a NUL before a field name is part of it', ': x\n\0data: a\ndata: b\n\n', ['b']],
];

const ends: readonly Row[] = [
  ['an incomplete last block is discarded', 'data: a\n\ndata: b\n', ['a']],
  ['an incomplete last line is discarded', 'data: a\n\ndata: b', ['a']],
  ['a block that is all there but for its blank line', 'event: t\nid: 1\ndata: a\n', []],
  ['data without any line end', 'data: a', []],
  ['a half field name', 'data: a\n\nda', ['a']],
  ['a colon at the end', 'data: a\n\ndata:', ['a']],
  ['an incomplete block with a CR', 'data: a\r\rdata: b\r', ['a']],
  ['a comment without an end', 'data: a\n\n: b', ['a']],
];

export const vectors: readonly Vector[] = Object.entries({
  '[SSE-LINES]': lines,
  '[SSE-UTF8]': utf8,
  '[SSE-BOM]': bom,
  '[SSE-DATA]': data,
  '[SSE-EVENT]': names,
  '[SSE-ID]': ids,
  '[SSE-RETRY]': retries,
  '[SSE-COMMENT]': comments,
  '[SSE-UNKNOWN]': unknown,
  '[SSE-EOF]': ends,
}).flatMap(([rule, rows]) => rows.map((row) => vectorOf(rule, row)));

function vectorOf(rule: string, [name, input, events, more = {}]: Row): Vector {
  const pieces = typeof input === 'string' ? [input] : input;
  const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)));
  return {
    rule,
    name,
    bytes: new Uint8Array(bytes),
    events: events.map((event) => (typeof event === 'string' ? ['message', event, ''] : event)),
    cursor: more.cursor ?? '',
    retries: more.retries ?? [],
  };
}
