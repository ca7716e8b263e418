<?php
// What phpredis does with a server: client.php PORT. A line a check.
$port = (int)$argv[1];

function check(string $name, $got, $want = true): void
{
    echo $got === $want ? "ok $name\n" : "not ok $name: " . substr(json_encode($got), 0, 200) . "\n";
}

function connected(int $port): Redis
{
    $client = new Redis();
    $client->connect('127.0.0.1', $port, 10);
    return $client;
}

$client = connected($port);
$client->flushAll();
check('ping', $client->ping());
check('set', $client->set('a', '1', ['ex' => 100]));
check('get', $client->get('a'), '1');
check('get nothing', $client->get('none'), false);
check('set nx', $client->set('a', '2', ['nx']), false);
check('ttl', $client->ttl('a') > 0);
check('hmset', $client->hMSet('h', ['f' => '1', 'g' => '2']));
check('hgetall', $client->hGetAll('h'), ['f' => '1', 'g' => '2']);
check('zadd', $client->zAdd('z', 1.5, 'x', 2, 'y'), 2);
check('zrange', $client->zRange('z', 0, -1, true), ['x' => 1.5, 'y' => 2.0]);
check('sadd', $client->sAdd('s', 'a', 'b'), 2);
check('mget', $client->mGet(['a', 'none']), ['1', false]);
check('sort', $client->sort('s', ['alpha' => true, 'sort' => 'desc']), ['b', 'a']);
check('type', $client->type('z'), Redis::REDIS_ZSET);
check('object', $client->object('encoding', 'a'), 'int');
check('info', isset($client->info()['redis_version']));
check('config', $client->config('GET', 'maxmemory-samples'), ['maxmemory-samples' => '5']);
check('client', is_array($client->client('list')));

$binary = implode('', array_map('chr', range(0, 255)));
$client->set($binary, $binary);
check('binary', $client->get($binary) === $binary);
$large = str_repeat("\r\n", 4 << 20);
$client->set('large', $large);
check('large', $client->get('large') === $large);

$pipe = $client->multi(Redis::PIPELINE);
for ($i = 0; $i < 2000; $i++) {
    $pipe->set("p$i", $i)->get("p$i");
}
$replies = $pipe->exec();
check('pipeline', count($replies) === 4000 && $replies[3999] === '1999');
check('transaction', $client->multi()->set('t', 1)->incr('t')->exec(), [true, 2]);
$other = connected($port);
$client->watch('t');
$other->set('t', 9);
check('watch', $client->multi()->set('t', 1)->exec(), false);

$client->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
$cursor = null;
$found = [];
while ($keys = $client->scan($cursor, 'p*', 100)) {
    foreach ($keys as $key) $found[$key] = true;
}
check('scan', count($found), 2000);
$client->rPush('q', 'x');
check('blpop', $client->blPop(['q'], 5), ['q', 'x']);
check('brpop in vain', $client->brPop(['q'], 1), []);

check('wrong type', $client->lPush('a', 'x'), false);
check('its text', strpos($client->getLastError(), 'WRONGTYPE') === 0);
check('no command', $client->rawCommand('FOO'), false);

$listener = connected($port);
$heard = [];
// The callback ends the subscription: the message is sent once the subscription is known.
$command = sprintf(
    '$r = new Redis(); $r->connect("127.0.0.1", %d); while (!$r->publish("c", "hi")) usleep(1000);',
    $port
);
$sender = proc_open([PHP_BINARY, '-r', $command], [], $pipes);
$listener->subscribe(['c'], function ($redis, $channel, $message) use (&$heard) {
    $heard = [$channel, $message];
    $redis->unsubscribe(['c']);
});
proc_close($sender);
check('a message', $heard, ['c', 'hi']);

$number = $client->client('id');
$other->rawCommand('CLIENT', 'KILL', 'ID', $number);
check('reconnect', $client->get('a'), '1');
check('select', $client->select(2));
check('dbsize', $client->dbSize(), 0);
