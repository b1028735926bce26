// A shop's order desk as an MCP server over stdin and stdout: one tool, one line of JSON per message. What is looked up is also
// written to the file ORDERS_LOG, so that whoever started an agent can see that it really called.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const TOOL = {
  name: 'get_order_status',
  description: 'Look up an order.',
  inputSchema: { type: 'object', properties: { order_id: { type: 'string' } }, required: ['order_id'] },
  annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
};

function result(method, params) {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'orders', version: '1.0.0' },
      };
    case 'ping':
      return {};
    case 'tools/list':
      return { tools: [TOOL] };
    case 'tools/call': {
      appendFileSync(process.env.ORDERS_LOG, `${JSON.stringify(params.arguments)}\n`);
      const found = { order_id: params.arguments.order_id, item: 'Arza puzzle', status: 'shipped', amount: 54.99, currency: 'EUR', carrier: 'Norpost', eta_days: 4 };
      return { content: [{ type: 'text', text: JSON.stringify(found) }] };
    }
    default:
      return undefined;
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) {
    return; // a notification
  }
  const found = result(method, params ?? {});
  const answer = found === undefined ? { error: { code: -32601, message: `no method ${method}` } } : { result: found };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
});
