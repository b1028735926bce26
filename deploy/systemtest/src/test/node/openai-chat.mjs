// The official OpenAI client over Chat Completions, models and embeddings.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import {
  apiKey, assertOrderCall, baseURL, knows, model, orderFound, orderQuestion, orderTool, question, step, system,
} from './conversation.mjs';

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: 'developer', content: system }, { role: 'user', content: [{ type: 'text', text: question }] }];
const plain = { model, messages, temperature: 0, max_completion_tokens: 60 };
const tools = [{ type: 'function', function: { ...orderTool, strict: true } }];
const order = {
  model, temperature: 0, max_completion_tokens: 120, tools,
  messages: [{ role: 'system', content: system }, { role: 'user', content: orderQuestion }],
};

await step('models', async () => {
  const listed = await client.models.list();
  assert.deepEqual(listed.data.map((each) => each.id), [model]);
  assert.equal((await client.models.retrieve(model)).id, model);
});

let whole;
await step('chat', async () => {
  const { data, response } = await client.chat.completions.create(plain).withResponse();
  whole = data.choices[0].message.content;
  assert.match(whole, knows);
  assert.equal(data.choices[0].finish_reason, 'stop');
  assert.ok(data._request_id && data._request_id === response.headers.get('x-request-id'));
});

await step('stream', async () => {
  let text = '';
  let usage;
  for await (const chunk of await client.chat.completions.create({ ...plain, stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole);
  assert.ok(usage.prompt_tokens_details.cached_tokens > 0, 'the same prompt again is found in the cache');
});

await step('stream helper', async () => {
  const stream = client.chat.completions.stream(plain);
  assert.equal(await stream.finalContent(), whole);
  assert.equal((await stream.finalChatCompletion()).choices[0].finish_reason, 'stop');
});

await step('tools', async () => {
  const asked = (await client.chat.completions.create({ ...order, tool_choice: 'required' })).choices[0];
  assert.equal(asked.finish_reason, 'tool_calls');
  const [call] = asked.message.tool_calls;
  assertOrderCall(call.function.name, call.function.arguments);
  const answer = await client.chat.completions.create({
    ...order,
    messages: [...order.messages, asked.message, { role: 'tool', tool_call_id: call.id, content: orderFound }],
    tool_choice: 'none',
  });
  assert.match(answer.choices[0].message.content, /Arza puzzle/);
  assert.ok(answer.usage.prompt_tokens_details.cached_tokens > 0, 'the history is found in the cache');
});

await step('tools streamed', async () => {
  const stream = client.chat.completions.stream({ ...order, tool_choice: { type: 'function', function: { name: orderTool.name } } });
  const [choice] = (await stream.finalChatCompletion()).choices;
  const [call] = choice.message.tool_calls;
  assertOrderCall(call.function.name, call.function.parsed_arguments ?? call.function.arguments);
});

await step('tool loop', async () => {
  let looked = 0;
  const runner = client.chat.completions.runTools({
    ...order,
    tools: [{ type: 'function', function: { ...orderTool, parse: JSON.parse, function: () => { looked += 1; return orderFound; } } }],
  });
  assert.match(await runner.finalContent(), /\S/);
  assert.ok(looked <= 10);
});

await step('structured', async () => {
  const shape = z.object({ item: z.enum(['Ganki blanket', 'Arza puzzle']), height: z.number().int(), sure: z.boolean() });
  const parsed = await client.chat.completions.parse({ ...plain, max_completion_tokens: 400, response_format: zodResponseFormat(shape, 'fact') });
  shape.parse(parsed.choices[0].message.parsed);
  const any = await client.chat.completions.create({ ...plain, max_completion_tokens: 200, response_format: { type: 'json_object' } });
  if (any.choices[0].finish_reason === 'stop') {
    assert.equal(typeof JSON.parse(any.choices[0].message.content), 'object');
  }
});

await step('choices, logprobs and limits', async () => {
  const answer = await client.chat.completions.create({
    ...plain, temperature: 1, seed: 7, n: 2, max_completion_tokens: 8, logprobs: true, top_logprobs: 3,
    stop: null, presence_penalty: 0.1, frequency_penalty: 0.1, logit_bias: { 5: -100 }, metadata: { purpose: 'test' },
    user: 'someone', store: false, service_tier: 'auto', parallel_tool_calls: undefined, prompt_cache_key: 'k', safety_identifier: 's',
  });
  assert.equal(answer.choices.length, 2);
  for (const choice of answer.choices) {
    assert.ok(['stop', 'length'].includes(choice.finish_reason));
    assert.equal(choice.logprobs.content[0].top_logprobs.length, 3);
  }
});

await step('vanish', async () => {
  const stream = await client.chat.completions.create({ ...plain, max_completion_tokens: 2000, stop: ['no such words'], stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) {
      break; // leaves the stream: the client aborts the request
    }
  }
  assert.ok(stream.controller.signal.aborted);
});

await step('errors', async () => {
  await assert.rejects(client.chat.completions.create({ ...plain, model: 'gpt-9' }),
    (error) => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found' && error.param === 'model');
  await assert.rejects(client.chat.completions.create({ ...plain, temperature: 9 }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === 'temperature');
  await assert.rejects(new OpenAI({ baseURL, apiKey: 'sk-wrong', maxRetries: 0 }).models.list(), OpenAI.AuthenticationError);
  await assert.rejects(client.chat.completions.create({ ...plain, messages: [{ role: 'user', content: '1234567 '.repeat(6000) }] }),
    (error) => error instanceof OpenAI.BadRequestError && error.code === 'context_length_exceeded');
});

await step('embeddings', async () => {
  const answer = await client.embeddings.create({ model, input: [question, orderQuestion] });
  assert.equal(answer.data.length, 2);
  assert.ok(answer.data.every((each) => each.embedding.length > 0 && each.embedding.every(Number.isFinite)));
});

await step('completions', async () => {
  const answer = await client.completions.create({ model, prompt: '<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n', max_tokens: 12, temperature: 0 });
  assert.match(answer.choices[0].text, /\S/);
});
