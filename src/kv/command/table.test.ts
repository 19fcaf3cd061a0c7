import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Args } from '../../core/wire/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { CommandTable } from './table.ts';

const table = new CommandTable(commandSpecs);
const args = new Args();

test('every command is found by its name in either case, wherever names share a slot', () => {
  assert.ok(commandSpecs.length > 100);
  for (const { name } of commandSpecs) {
    assert.equal(table.find(args.load([name]))?.spec.name, name);
    assert.equal(table.find(args.load([name.toUpperCase(), 'x']))?.spec.name, name);
  }
});

test('what only looks like a command is not found', () => {
  for (const { name } of commandSpecs) {
    // Bytes that differ from letters in bit 5 alone, as digits of `hash` and letters do.
    const shifted = Buffer.from(name).map((byte) => byte ^ 64);
    assert.equal(table.find(args.load([Buffer.from(shifted)])), undefined);
    assert.equal(table.find(args.load([`${name}\0`])), undefined);
  }
  assert.equal(table.find(args.load([''])), undefined);
  assert.equal(table.find(args.load(['x'.repeat(1000)])), undefined);
});
