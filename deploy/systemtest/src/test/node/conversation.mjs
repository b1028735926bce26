// What all scripted conversations share: where the cluster is, what is asked, and how a step is told to whoever started the script.
import assert from 'node:assert/strict';

function need(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

export const root = need('SPILLWAY_ROOT'); // scheme, host, port and this client's own prefix, without /v1
export const baseURL = `${root}/v1`;
export const apiKey = need('SPILLWAY_KEY');
export const model = need('SPILLWAY_MODEL');
export const system = need('SPILLWAY_SYSTEM');

export const question = 'How tall is the Ganki blanket?';
export const knows = /91/; // the height, which the system prompt says
export const orderQuestion = 'Where is my order ORD-34200?';
export const orderTool = {
  name: 'get_order_status',
  description: 'Look up an order.',
  parameters: {
    type: 'object',
    properties: { order_id: { type: 'string', description: 'Such as ORD-12345', maxLength: 12 } },
    required: ['order_id'],
    additionalProperties: false,
  },
};
// The words of a tool: what the look-up finds.
export const orderFound = JSON.stringify({ order_id: 'ORD-34200', item: 'Arza puzzle', status: 'shipped' });

// Runs one step; prints a line of JSON when it held. A step that throws ends the script with a stack trace and status 1.
export async function step(name, act) {
  try {
    await act();
  } catch (error) {
    console.error(`step "${name}" failed`);
    throw error;
  }
  console.log(JSON.stringify({ step: name }));
}

// What a call's arguments must be, as text or as an object.
export function assertOrderCall(name, args) {
  assert.equal(name, orderTool.name);
  const parsed = typeof args === 'string' ? JSON.parse(args) : args;
  assert.equal(typeof parsed.order_id, 'string');
  assert.deepEqual(Object.keys(parsed), ['order_id']);
}
