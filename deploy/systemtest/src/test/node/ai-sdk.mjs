// The Vercel AI SDK: `compatible` speaks Chat Completions, `responses` the Responses API.
import assert from 'node:assert/strict';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, jsonSchema, stepCountIs, streamObject, streamText, tool } from 'ai';
import { z } from 'zod';
import {
  apiKey, assertOrderCall, baseURL, knows, model, orderFound, orderQuestion, orderTool, question, step, system,
} from './conversation.mjs';

const provider = process.argv[2] === 'responses'
  ? createOpenAI({ baseURL, apiKey })(model)
  : createOpenAICompatible({ name: 'spillway', baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true })(model);
const plain = { model: provider, system, prompt: question, temperature: 0, maxOutputTokens: 60, maxRetries: 0 };
const looked = [];
const tools = {
  [orderTool.name]: tool({
    description: orderTool.description,
    inputSchema: jsonSchema(orderTool.parameters),
    execute: async (input) => { looked.push(input); return orderFound; },
  }),
};
// The first step must call; the second may only answer.
const order = {
  ...plain, prompt: orderQuestion, maxOutputTokens: 120, tools, stopWhen: stepCountIs(2),
  prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? 'required' : 'none' }),
};
const shape = z.object({ item: z.enum(['Ganki blanket', 'Arza puzzle']), height: z.number().int(), sure: z.boolean() });

let whole;
await step('text', async () => {
  const answer = await generateText(plain);
  whole = answer.text;
  assert.match(whole, knows);
  assert.equal(answer.finishReason, 'stop');
});

await step('stream', async () => {
  const errors = [];
  const answer = streamText({ ...plain, onError: ({ error }) => errors.push(error) });
  let text = '';
  for await (const piece of answer.textStream) {
    text += piece;
  }
  assert.deepEqual(errors, []);
  assert.equal(text, whole);
  const usage = await answer.usage;
  assert.ok(usage.inputTokens > 0 && usage.cachedInputTokens > 0, JSON.stringify(usage));
});

await step('tools', async () => {
  const answer = await generateText(order);
  assert.equal(looked.length, 1);
  assertOrderCall(orderTool.name, looked[0]);
  assert.match(answer.text, /Arza puzzle/);
  assert.equal(answer.steps.length, 2);
});

await step('tools streamed', async () => {
  const errors = [];
  const answer = streamText({ ...order, onError: ({ error }) => errors.push(error) });
  assert.match(await answer.text, /Arza puzzle/);
  assert.deepEqual(errors, []);
  assert.equal(looked.length, 2);
  assert.deepEqual(looked[0], looked[1]);
});

await step('object', async () => {
  shape.parse((await generateObject({ ...plain, maxOutputTokens: 400, schema: shape })).object);
});

await step('object streamed', async () => {
  const answer = streamObject({ ...plain, maxOutputTokens: 400, schema: shape });
  let last;
  for await (const partial of answer.partialObjectStream) {
    last = partial;
  }
  assert.deepEqual(shape.parse(await answer.object), last);
});

await step('errors', async () => {
  await assert.rejects(generateText({ ...plain, temperature: 9 }), (error) => error.statusCode === 400 && !error.isRetryable);
});
