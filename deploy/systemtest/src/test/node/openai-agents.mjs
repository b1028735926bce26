// The OpenAI Agents SDK: a tool loop over Chat Completions, or with the argument `responses` over the Responses API.
import assert from 'node:assert/strict';
import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from '@openai/agents';
import { z } from 'zod';
import { apiKey, assertOrderCall, baseURL, knows, model, orderFound, orderQuestion, orderTool, question, step, system } from './conversation.mjs';

setTracingDisabled(true);
const provider = new OpenAIProvider({ baseURL, apiKey, useResponses: process.argv[2] === 'responses' });
const runner = new Runner({ modelProvider: provider });
const modelSettings = { temperature: 0, maxTokens: 400 };
const looked = [];
const look = tool({
  name: orderTool.name, description: orderTool.description, parameters: z.object({ order_id: z.string().max(12) }),
  execute: async (input) => { looked.push(input); return orderFound; },
});
const talker = new Agent({ name: 'Brook', instructions: system, model, modelSettings });
// `required` holds for the first step; the SDK itself then goes back to `auto`.
const looker = new Agent({ name: 'Brook', instructions: system, model, modelSettings: { ...modelSettings, toolChoice: 'required' }, tools: [look] });

await step('run', async () => {
  assert.match((await runner.run(talker, question)).finalOutput, knows);
});

await step('stream', async () => {
  const streamed = await runner.run(talker, question, { stream: true });
  let text = '';
  for await (const piece of streamed.toTextStream()) {
    text += piece;
  }
  await streamed.completed;
  assert.equal(text, streamed.finalOutput);
  assert.match(text, knows);
});

await step('tool loop', async () => {
  const result = await runner.run(looker, orderQuestion, { maxTurns: 4 });
  assert.ok(looked.length >= 1);
  assertOrderCall(orderTool.name, looked[0]);
  assert.match(result.finalOutput, /Arza puzzle/);
});

await step('tool loop streamed', async () => {
  const before = looked.length;
  const streamed = await runner.run(looker, orderQuestion, { stream: true, maxTurns: 4 });
  for await (const event of streamed) {
    assert.ok(event.type);
  }
  await streamed.completed;
  assert.ok(looked.length > before);
  assert.match(streamed.finalOutput, /Arza puzzle/);
});

await step('structured', async () => {
  const shape = z.object({ item: z.enum(['Ganki blanket', 'Arza puzzle']), height: z.number().int(), sure: z.boolean() });
  const result = await runner.run(new Agent({ name: 'Brook', instructions: system, model, modelSettings, outputType: shape }), question);
  shape.parse(result.finalOutput);
});
