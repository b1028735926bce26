// The official OpenAI client over the Responses API.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import {
  apiKey, assertOrderCall, baseURL, knows, model, orderFound, orderQuestion, orderTool, question, step, system,
} from './conversation.mjs';

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const plain = { model, instructions: system, input: question, temperature: 0, max_output_tokens: 60 };
const tools = [{ type: 'function', strict: true, ...orderTool }];
const order = { model, instructions: system, temperature: 0, max_output_tokens: 120, tools };

let whole;
await step('response', async () => {
  const answer = await client.responses.create(plain);
  whole = answer.output_text;
  assert.match(whole, knows);
  assert.equal(answer.status, 'completed');
});

await step('stream', async () => {
  let text = '';
  let last;
  for await (const event of await client.responses.create({ ...plain, stream: true })) {
    text += event.type === 'response.output_text.delta' ? event.delta : '';
    last = event;
  }
  assert.equal(text, whole);
  assert.equal(last.type, 'response.completed');
  assert.ok(last.response.usage.input_tokens_details.cached_tokens > 0, 'the same prompt again is found in the cache');
});

await step('stream helper', async () => {
  const final = await client.responses.stream(plain).finalResponse();
  assert.equal(final.output_text, whole);
});

await step('tools, stateless', async () => {
  const input = [{ role: 'user', content: [{ type: 'input_text', text: orderQuestion }] }];
  const asked = await client.responses.create({ ...order, input, store: false, tool_choice: 'required' });
  const call = asked.output.find((item) => item.type === 'function_call');
  assertOrderCall(call.name, call.arguments);
  const answer = await client.responses.create({
    ...order, store: false, tool_choice: 'none',
    input: [...input, ...asked.output, { type: 'function_call_output', call_id: call.call_id, output: orderFound }],
  });
  assert.match(answer.output_text, /Arza puzzle/);
});

await step('tools, streamed', async () => {
  const stream = client.responses.stream({ ...order, input: orderQuestion, tool_choice: { type: 'function', name: orderTool.name } });
  let pieces = '';
  stream.on('response.function_call_arguments.delta', (event) => { pieces += event.delta; });
  const [call] = (await stream.finalResponse()).output.filter((item) => item.type === 'function_call');
  assertOrderCall(call.name, call.arguments);
  assert.equal(pieces, call.arguments);
});

await step('kept responses', async () => {
  const first = await client.responses.create({ ...order, input: orderQuestion, store: true, tool_choice: 'required' });
  const call = first.output.find((item) => item.type === 'function_call');
  const second = await client.responses.create({
    ...order, previous_response_id: first.id, store: true, tool_choice: 'none',
    input: [{ type: 'function_call_output', call_id: call.call_id, output: orderFound }],
  });
  assert.equal(second.previous_response_id, first.id);
  assert.match(second.output_text, /Arza puzzle/);
  assert.equal((await client.responses.retrieve(second.id)).output_text, second.output_text);
  const items = await client.responses.inputItems.list(second.id);
  assert.ok(items.data.some((item) => item.type === 'function_call_output'));
  await client.responses.delete(second.id);
  await assert.rejects(client.responses.retrieve(second.id), OpenAI.NotFoundError);
});

await step('structured', async () => {
  const shape = z.object({ item: z.enum(['Ganki blanket', 'Arza puzzle']), height: z.number().int(), sure: z.boolean() });
  const parsed = await client.responses.parse({ ...plain, max_output_tokens: 400, text: { format: zodTextFormat(shape, 'fact') } });
  shape.parse(parsed.output_parsed);
});

await step('incomplete', async () => {
  const short = await client.responses.create({ ...plain, max_output_tokens: 3 });
  assert.equal(short.status, 'incomplete');
  assert.equal(short.incomplete_details.reason, 'max_output_tokens');
});

await step('background', async () => {
  const begun = await client.responses.create({ ...plain, background: true, store: true });
  assert.ok(['queued', 'in_progress', 'completed'].includes(begun.status));
  let last;
  const numbers = [];
  for await (const event of await client.responses.retrieve(begun.id, { stream: true })) {
    numbers.push(event.sequence_number);
    last = event;
  }
  assert.equal(last.type, 'response.completed');
  assert.equal(last.response.output_text ?? last.response.output.flatMap((item) => item.content ?? []).map((part) => part.text).join(''), whole);
  const half = numbers[Math.floor(numbers.length / 2)];
  const rest = [];
  for await (const event of await client.responses.retrieve(begun.id, { stream: true, starting_after: half })) {
    rest.push(event.sequence_number);
  }
  assert.deepEqual(rest, numbers.filter((number) => number > half));
});

await step('errors', async () => {
  await assert.rejects(client.responses.create({ ...plain, model: 'gpt-9' }), OpenAI.NotFoundError);
  await assert.rejects(client.responses.create({ ...plain, input: [{ role: 'wizard', content: 'x' }] }), OpenAI.BadRequestError);
  await assert.rejects(client.responses.create({ ...plain, previous_response_id: 'resp_nothing' }),
    (error) => error instanceof OpenAI.APIError && error.status >= 400 && error.status < 500);
});
