// Reads what an agent printed, a JSON event per line, and prints the last thing it said to whoever asked.
import { createInterface } from 'node:readline';

// Each agent words its events in its own way; undefined = this one says nothing.
function said(event) {
  switch (event.type) {
    case 'result': // claude
      return event.result;
    case 'item.completed': // codex
      return event.item?.type === 'agent_message' ? event.item.text : undefined;
    case 'text': // opencode
      return event.part?.text;
    default:
      return undefined;
  }
}

let last = '';
for await (const line of createInterface({ input: process.stdin })) {
  try {
    last = said(JSON.parse(line)) ?? last;
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    } // else no event: agents print warnings too
  }
}
process.stdout.write(`${last}\n`);
