// What node-redis does with a server, RESP2 and RESP3: node redis.js PORT. A line a check.
'use strict';
const assert = require('node:assert');
const { createClient } = require('redis');

const port = Number(process.argv[2]);
const LARGE = 'ä\r\n'.repeat(1 << 20);

async function check(name, work) {
    try {
        await work();
        console.log(`ok ${name}`);
    } catch (error) {
        console.log(`not ok ${name}: ${String(error.message).split('\n')[0]}`);
    }
}

async function connected(RESP) {
    const client = createClient({ RESP, socket: { host: '127.0.0.1', port } });
    client.on('error', () => {}); // a lost connection is said here too, and made again
    await client.connect();
    return client;
}

async function everything(RESP) {
    const client = await connected(RESP);
    const other = await connected(RESP);
    const named = (name, work) => check(`RESP${RESP}: ${name}`, work);
    await client.flushAll();
    await named('set', async () => assert.equal(await client.set('a', '1', { EX: 100 }), 'OK'));
    await named('get', async () => assert.equal(await client.get('a'), '1'));
    await named('nothing', async () => assert.equal(await client.get('none'), null));
    await named('hash', async () => {
        assert.equal(await client.hSet('h', { f: '1', g: '2' }), 2);
        assert.deepEqual({ ...(await client.hGetAll('h')) }, { f: '1', g: '2' });
    });
    await named('sorted set', async () => {
        await client.zAdd('z', [{ score: 1.5, value: 'x' }, { score: 2, value: 'y' }]);
        assert.deepEqual(await client.zRangeWithScores('z', 0, -1), [
            { value: 'x', score: 1.5 },
            { value: 'y', score: 2 },
        ]);
        assert.equal(await client.zScore('z', 'x'), 1.5);
    });
    await named('set members', async () => {
        await client.sAdd('s', ['a', 'b']);
        assert.deepEqual([...(await client.sMembers('s'))].sort(), ['a', 'b']);
    });
    await named('large', async () => {
        await client.set('large', LARGE);
        assert.equal(await client.get('large'), LARGE);
    });
    await named('pipeline', async () => {
        const replies = await Promise.all([...Array(3000)].map(() => client.incr('n')));
        assert.equal(replies[2999], 3000);
    });
    await named('transaction', async () => {
        assert.deepEqual(await client.multi().set('t', '1').incr('t').exec(), ['OK', 2]);
    });
    await named('watch', async () => {
        await client.watch('t');
        await other.set('t', '9');
        await assert.rejects(client.multi().set('t', '1').exec(), /watched keys/i);
    });
    await named('scan', async () => {
        await client.mSet(Object.fromEntries([...Array(1000).keys()].map((i) => [`p${i}`, 'x'])));
        const keys = new Set();
        for await (const some of client.scanIterator({ MATCH: 'p*', COUNT: 100 })) {
            [some].flat().forEach((key) => keys.add(key));
        }
        assert.equal(keys.size, 1000);
    });
    await named('blpop', async () => {
        const waiting = other.blPop('q', 10);
        await client.rPush('q', 'x');
        assert.deepEqual({ ...(await waiting) }, { key: 'q', element: 'x' });
    });
    await named('pub/sub', async () => {
        const listener = await connected(RESP);
        const heard = new Promise((done) => {
            listener.subscribe('c', (...what) => done(what)).then(() => client.publish('c', 'hi'));
        });
        assert.deepEqual(await heard, ['hi', 'c']);
        listener.destroy ? listener.destroy() : await listener.disconnect();
    });
    await named('an error', () => assert.rejects(client.lPush('a', 'x'), /WRONGTYPE/));
    await named('reconnect', async () => {
        const number = await client.sendCommand(['CLIENT', 'ID']);
        await other.sendCommand(['CLIENT', 'KILL', 'ID', String(number)]);
        assert.equal(await other.get('a'), '1');
        assert.equal(await client.get('a').catch(() => client.get('a')), '1');
    });
    for (const one of [client, other]) one.destroy ? one.destroy() : await one.disconnect();
}

everything(2).then(() => everything(3));
