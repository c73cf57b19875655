// What demo/tour answers: Markdown of every common kind, about the program itself.

/** The text, to check what arrived against. */
export const tourText = `# Welcome to Verbatim 👋

You are watching an answer arrive **piece by piece**, about forty pieces a second. No language model is at work here: this is the *demo model*, which says the same words to everyone, so that you can check every one of them. What carries the words is the real thing.

## What just happened

1. Your message was written to a **durable log** on disk.
2. The server began a *run*: one attempt by a model to write one answer.
3. Each piece of the answer is flushed to disk first, and shown second.
4. Your browser follows the log over [Server-Sent Events](https://html.spec.whatwg.org/multipage/server-sent-events.html), with an offset that says how far it has read.

That order, *durable before visible*, is why nothing that you have read here can be taken back.

## Try to break it

- **Refresh the page** now, in the middle. The text so far is there at once, and goes on growing.
- **Open a second tab** on this conversation. Both show the same answer, live.
- **Press stop** in one of them. It stops in both, because stopping is a matter of the log and not of a connection.
- **Close every tab**, wait, and come back. The answer belongs to the server, not to the request.
- **Kill the server** with \`kill -9\` and start it again. The run is taken over and goes on from the last word that reached the disk.

> A crash is a pause. A slow phone costs nothing. A second screen is just one more reader.

## How it compares

| When this happens | A plain \`res.write\` loop | Verbatim |
|:--|:--|:--|
| Refresh in mid-answer | the answer is lost | goes on at once 🔁 |
| The phone sleeps | tokens are lost | catches up in one frame 📱 |
| A second tab opens | shows nothing | shows the same, live 👀 |
| Stop, then resume | one or the other | both, from any device ✋ |
| The server crashes | the answer is gone | the run is taken over 🛟 |

## The wire is plain text

Look at it yourself, with nothing but \`curl\`:

\`\`\`bash
curl -N http://localhost:8080/api/conversations/<id>/events
\`\`\`

Every event carries an \`id\`. Send the last one back as \`Last-Event-ID\`, and you get what came after it, and only that:

\`\`\`text
id: k3f9x2ab.42
event: delta
data: {"message":"m_…","part":0,"at":128,"text":" and only that"}
\`\`\`

A delta says *where* its text begins. A reader that already has the text ignores it, and a reader that is missing some notices the hole before anything wrong is shown.

## In your own program

\`\`\`ts
import { connect } from 'verbatim/sse';

for await (const event of connect('/api/conversations/' + id + '/events')) {
  console.log(event.event, event.data); // reconnects by itself
}
\`\`\`

## Small print, in a nested list

- Text can be **bold**, *italic*, ~~struck out~~ or \`code\`.
  - Lists can be nested,
    - and nested again.
- Tasks can be done or not:
  - [x] write to the log
  - [x] show it on every screen
  - [ ] connect a real model
- Any alphabet will do: žluťoučký kůň, 東京の夜, Ελληνικά, שלום, 🧑‍🚀 and 🇪🇺.

## Next step

Start Verbatim with a real model: set \`OPENAI_API_KEY\`, or point \`OPENAI_BASE_URL\` at any endpoint that speaks the same format. **Ollama** and **llama.cpp** on this machine are found without a word. Then choose the model under the message box.

That was the tour. Every character of it is in the log, in order, *once*. ✨
`;
