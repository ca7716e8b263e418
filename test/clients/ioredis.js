// What ioredis's Cluster does with a cluster: node ioredis.js HOST:PORT... A line a check.
'use strict';
const assert = require('node:assert');
const Redis = require('ioredis');

const addresses = process.argv.slice(2).map((word) => {
    const colon = word.lastIndexOf(':');
    return { host: word.slice(0, colon), port: Number(word.slice(colon + 1)) };
});
const KEYS = 1000;

async function check(name, work) {
    try {
        await work();
        console.log(`ok ${name}`);
    } catch (error) {
        console.log(`not ok ${name}: ${String(error.message).split('\n')[0]}`);
    }
}

function numbers(count, make) {
    return Array.from({ length: count }, (_, i) => make(i));
}

async function everyday(cluster) {
    await check('set and get', async () => {
        await Promise.all(numbers(KEYS, (i) => cluster.set(`io:${i}`, i)));
        const got = await Promise.all(numbers(KEYS, (i) => cluster.get(`io:${i}`)));
        assert.deepEqual(got, numbers(KEYS, String));
    });
    await check('a pipeline of one tag', async () => {
        const pipe = cluster.pipeline();
        for (let i = 0; i < KEYS; i++) pipe.incr('{io}p');
        const replies = await pipe.exec();
        assert.equal(replies[KEYS - 1][1], KEYS);
    });
    await check('a transaction of one tag', async () => {
        const replies = await cluster.multi().set('{io}t', 1).incr('{io}t').exec();
        assert.deepEqual(replies, [[null, 'OK'], [null, 2]]);
    });
    await check('mget of one tag', async () => {
        await cluster.mset('{io}a', 1, '{io}b', 2);
        assert.deepEqual(await cluster.mget('{io}a', '{io}b', '{io}c'), ['1', '2', null]);
    });
    await check('a stream of commands on all nodes', async () => {
        const nodes = cluster.nodes('all');
        assert.ok(nodes.length >= 1);
        const answers = await Promise.all(nodes.map((node) => node.ping()));
        assert.ok(answers.every((answer) => answer === 'PONG'));
    });
    await check('publish and subscribe', async () => {
        const listener = new Redis.Cluster(addresses);
        const heard = new Promise((resolve) => listener.on('message', (_, text) => resolve(text)));
        await listener.subscribe('io-news');
        await cluster.publish('io-news', 'hello');
        assert.equal(await heard, 'hello');
        listener.disconnect();
    });
    await check('blocked until another pushes', async () => {
        const waiter = new Redis.Cluster(addresses);
        const popped = waiter.blpop('{io}list', 10);
        await cluster.rpush('{io}list', 'x');
        assert.deepEqual(await popped, ['{io}list', 'x']);
        waiter.disconnect();
    });
}

async function replicas() {
    const reader = new Redis.Cluster(addresses, { scaleReads: 'slave' });
    await check('reads of replicas', async () => {
        const got = await Promise.all(numbers(KEYS, (i) => reader.get(`io:${i}`)));
        assert.deepEqual(got, numbers(KEYS, String));
    });
    reader.disconnect();
}

async function main() {
    const cluster = new Redis.Cluster(addresses);
    cluster.on('error', (error) => console.log(`not ok connection: ${error.message}`));
    await everyday(cluster);
    await replicas();
    await check('quit', async () => assert.equal(await cluster.quit(), 'OK'));
}

main().catch((error) => {
    console.log(`not ok everything: ${error.stack.split('\n').join(' ')}`);
    process.exit(1);
});
