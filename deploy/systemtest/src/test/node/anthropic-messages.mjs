// The official Anthropic client over Messages.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import {
  apiKey, assertOrderCall, knows, model, orderFound, orderQuestion, orderTool, question, root, step, system,
} from './conversation.mjs';

const client = new Anthropic({ baseURL: root, apiKey, maxRetries: 0 });
const plain = {
  model, max_tokens: 60, temperature: 0,
  system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
  messages: [{ role: 'user', content: question }],
};
const order = {
  ...plain, max_tokens: 120, messages: [{ role: 'user', content: [{ type: 'text', text: orderQuestion }] }],
  tools: [{ name: orderTool.name, description: orderTool.description, input_schema: orderTool.parameters }],
};

let whole;
await step('message', async () => {
  const answer = await client.messages.create(plain);
  whole = answer.content.map((block) => block.text ?? '').join('');
  assert.match(whole, knows);
  assert.equal(answer.stop_reason, 'end_turn');
  assert.ok(answer._request_id);
});

await step('stream', async () => {
  const stream = client.messages.stream(plain);
  let text = '';
  stream.on('text', (piece) => { text += piece; });
  const final = await stream.finalMessage();
  assert.equal(text, whole);
  assert.equal(final.stop_reason, 'end_turn');
  assert.ok(final.usage.cache_read_input_tokens > 0, 'the same prompt again is found in the cache');
});

await step('raw events', async () => {
  const types = [];
  for await (const event of await client.messages.create({ ...plain, stream: true })) {
    types.push(event.type);
  }
  assert.equal(types[0], 'message_start');
  assert.equal(types.at(-1), 'message_stop');
});

await step('tools', async () => {
  const asked = await client.messages.create({ ...order, tool_choice: { type: 'tool', name: orderTool.name } });
  assert.equal(asked.stop_reason, 'tool_use');
  const use = asked.content.find((block) => block.type === 'tool_use');
  assertOrderCall(use.name, use.input);
  const answer = await client.messages.create({
    ...order, tool_choice: { type: 'none' },
    messages: [...order.messages, { role: 'assistant', content: asked.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: orderFound }] }],
  });
  assert.match(answer.content.map((block) => block.text ?? '').join(''), /Arza puzzle/);
});

await step('tools streamed', async () => {
  const final = await client.messages.stream({ ...order, tool_choice: { type: 'any', disable_parallel_tool_use: true } }).finalMessage();
  const use = final.content.find((block) => block.type === 'tool_use');
  assertOrderCall(use.name, use.input);
});

await step('count tokens', async () => {
  const { input_tokens: tokens } = await client.messages.countTokens({ model, system: plain.system, messages: plain.messages });
  const { usage } = await client.messages.create({ ...plain, max_tokens: 1 });
  assert.equal(tokens, usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens);
});

await step('stop', async () => {
  const answer = await client.messages.create({ ...plain, stop_sequences: ['91'] });
  assert.equal(answer.stop_reason, 'stop_sequence');
  assert.equal(answer.stop_sequence, '91');
  assert.equal((await client.messages.create({ ...plain, max_tokens: 2 })).stop_reason, 'max_tokens');
});

await step('errors', async () => {
  await assert.rejects(client.messages.create({ ...plain, model: 'claude-9' }), Anthropic.NotFoundError);
  await assert.rejects(client.messages.create({ ...plain, temperature: 9 }), Anthropic.BadRequestError);
  await assert.rejects(new Anthropic({ baseURL: root, apiKey: 'wrong', maxRetries: 0 }).messages.create(plain), Anthropic.AuthenticationError);
  await assert.rejects(client.messages.create({ ...plain, messages: [{ role: 'user', content: '1234567 '.repeat(6000) }] }),
    (error) => error instanceof Anthropic.BadRequestError && /prompt is too long: \d+ tokens > \d+ maximum/.test(error.message));
});
