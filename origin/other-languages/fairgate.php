<?php
/**
 * Plugin Name: Fairgate admission
 * Description: Admits only visitors who came through the Fairgate waiting room. Belongs into wp-content/mu-plugins.
 * Version: 0.1.0
 * License: Apache-2.0
 *
 * Admission check for PHP sites behind Fairgate: no request without a valid admission token. One file, PHP 8.1 and newer, with the
 * extension openssl. Three ways to use it:
 *
 * - WordPress: copy it into wp-content/mu-plugins/ and define the settings in wp-config.php.
 * - Any PHP site, without a change of its code: auto_prepend_file, with the settings in the environment.
 * - In code: require it, and call FairgateOrigin::guard([...]) before anything else.
 *
 * Settings, as constants or environment variables: FAIRGATE_JWKS_URL, FAIRGATE_ISSUER, FAIRGATE_AUDIENCE, FAIRGATE_KEYS_FILE (where
 * the gateway's keys are kept between requests: in a folder in which only the site can write), and FAIRGATE_ROOM if wanted.
 *
 * It follows, rule by rule, the list "What a verifier must check" in Fairgate's docs/origin.md; where anything is in doubt, or a
 * setting is missing, the request is refused.
 */

declare(strict_types=1);

final class FairgateOrigin
{
    private const TOKEN_LENGTH_MAX = 4096;
    private const CLOCK_TOLERANCE_SECONDS_MAX = 120;
    // Bounds of fetching keys; docs/origin.md says why each is what it is.
    private const FETCH_SECONDS_MAX = 3;
    private const KEYS_AGE_SECONDS_MAX = 600;
    private const KEYS_REFRESH_SECONDS = 300;
    private const KEYS_COOLDOWN_SECONDS = 5;
    private const KEYS_RETRY_SECONDS = 1;
    private const KEYS_BYTES_MAX = 65536;

    private const COMPACT = '/\A([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\z/';
    private const BASE64URL = '/\A(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?\z/';
    private const ID = '/\A[!-~]{1,200}\z/';
    private const COUNT_MAX = 9007199254740991;
    /** SubjectPublicKeyInfo of an uncompressed point of P-256, up to the point (RFC 5480). */
    private const P256_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d03010703420004';
    private const REQUIRED = ['jwksUrl', 'issuer', 'audience', 'keysFile'];

    /** @var array<string, mixed> */
    private array $options;

    /**
     * @param array<string, mixed> $options jwksUrl, issuer, audience, keysFile; room, clockToleranceSeconds (30), allowPlainHttp
     * @throws InvalidArgumentException names the option, the problem and a valid value
     */
    public function __construct(array $options)
    {
        $known = [...self::REQUIRED, 'room', 'clockToleranceSeconds', 'allowPlainHttp'];
        foreach (array_keys($options) as $name) {
            if (!in_array($name, $known, true)) {
                throw new InvalidArgumentException("Fairgate: option $name is unknown. Valid: " . implode(', ', $known) . '.');
            }
        }
        foreach ([...self::REQUIRED, ...(array_key_exists('room', $options) ? ['room'] : [])] as $name) {
            // Empty is not the same as omitted: an unset variable must not admit from every room.
            if (!is_string($options[$name] ?? null) || trim($options[$name]) === '') {
                throw new InvalidArgumentException("Fairgate: option $name is empty. Set it, see docs/origin.md.");
            }
        }
        $this->options = $options + ['room' => null, 'clockToleranceSeconds' => 30, 'allowPlainHttp' => false];
        $tolerance = $this->options['clockToleranceSeconds'];
        if (!is_numeric($tolerance) || !($tolerance >= 0 && $tolerance <= self::CLOCK_TOLERANCE_SECONDS_MAX)) {
            throw new InvalidArgumentException('Fairgate: option clockToleranceSeconds must be 0 to 120.');
        }
        $this->checkUrl();
        $this->checkKeysFolder();
    }

    /**
     * The claims of an admitted visitor. For anybody else it sends the refusal and ends the script.
     *
     * @param array<string, mixed> $options
     * @return array<string, mixed>
     */
    public static function guard(array $options): array
    {
        try {
            $verdict = (new self($options))->verify($_SERVER['HTTP_FAIRGATE_ADMISSION'] ?? null);
        } catch (Throwable $cause) {
            $verdict = ['kind' => 'unavailable', 'cause' => $cause->getMessage()];
        }
        if ($verdict['kind'] === 'admitted') {
            return $verdict['claims'];
        }
        self::refuse($verdict);
    }

    /** With the settings of constants or the environment: for WordPress and auto_prepend_file. */
    public static function guardSite(): void
    {
        $options = [];
        $settings = ['jwksUrl' => 'JWKS_URL', 'issuer' => 'ISSUER', 'audience' => 'AUDIENCE', 'keysFile' => 'KEYS_FILE', 'room' => 'ROOM'];
        foreach ($settings as $option => $name) {
            $value = defined("FAIRGATE_$name") ? constant("FAIRGATE_$name") : getenv("FAIRGATE_$name");
            if ($value !== false) {
                $options[$option] = $value;
            }
        }
        $GLOBALS['fairgate_admission'] = self::guard($options);
    }

    /**
     * @param ?string $header the value of Fairgate-Admission, several joined by a comma
     * @return array<string, mixed> kind admitted with claims, refused with reason, or unavailable with cause
     */
    public function verify(?string $header): array
    {
        if ($header === null || $header === '') {
            return self::refused('missing');
        }
        if (strlen($header) > self::TOKEN_LENGTH_MAX || preg_match(self::COMPACT, $header, $parts) !== 1) {
            return self::refused('malformed');
        }
        $fields = self::jsonObject($parts[1]);
        // `crit` names extensions that must be understood, and there are none (RFC 7515, 4.1.11).
        if ($fields === null || array_key_exists('crit', $fields)) {
            return self::refused('malformed');
        }
        if (($fields['alg'] ?? null) !== 'ES256') {
            return self::refused('algorithm');
        }
        if (($fields['typ'] ?? null) !== 'admission+jwt') {
            return self::refused('type');
        }
        $kid = $fields['kid'] ?? null;
        if (!self::isId($kid)) {
            return self::refused('key');
        }
        $found = $this->findKey($kid);
        if ($found['kind'] === 'unavailable') {
            return $found;
        }
        if ($found['kind'] === 'unknown') {
            return self::refused('key');
        }
        if (!self::isSigned("$parts[1].$parts[2]", $parts[3], $found['pem'])) {
            return self::refused('signature');
        }
        return $this->judge(self::jsonObject($parts[2]));
    }

    /** @param ?array<string, mixed> $payload @return array<string, mixed> */
    private function judge(?array $payload): array
    {
        $claims = self::claims($payload);
        if ($claims === null) {
            return self::refused('malformed');
        }
        if ($claims['iss'] !== $this->options['issuer']) {
            return self::refused('issuer');
        }
        if ($claims['aud'] !== $this->options['audience']) {
            return self::refused('audience');
        }
        if ($this->options['room'] !== null && $claims['room'] !== $this->options['room']) {
            return self::refused('room');
        }
        $now = microtime(true);
        if (!($claims['nbf'] <= $now + $this->options['clockToleranceSeconds'])) {
            return self::refused('early');
        }
        if (!($claims['exp'] > $now - $this->options['clockToleranceSeconds'])) {
            return self::refused('expired');
        }
        return ['kind' => 'admitted', 'claims' => $claims];
    }

    private static function decode(string $text): ?string
    {
        if (preg_match(self::BASE64URL, $text) !== 1) {
            return null;
        }
        $decoded = base64_decode(strtr($text, '-_', '+/'), true);
        return $decoded === false ? null : $decoded;
    }

    /** @return ?array<string, mixed> */
    private static function jsonObject(string $text): ?array
    {
        // Objects become stdClass here, so that a list is not taken for one.
        $value = json_decode(self::decode($text) ?? '');
        return $value instanceof stdClass ? get_object_vars($value) : null;
    }

    private static function isSigned(string $input, string $signature, string $pem): bool
    {
        $raw = self::decode($signature);
        if ($raw === null || strlen($raw) !== 64) {
            return false;
        }
        $both = self::derInteger(substr($raw, 0, 32)) . self::derInteger(substr($raw, 32));
        // 0: does not match; -1 and false: an error.
        return openssl_verify($input, "\x30" . chr(strlen($both)) . $both, $pem, OPENSSL_ALGO_SHA256) === 1;
    }

    private static function derInteger(string $bytes): string
    {
        $digits = ltrim($bytes, "\0");
        if ($digits === '' || ord($digits[0]) > 127) {
            $digits = "\0" . $digits;
        }
        return "\x02" . chr(strlen($digits)) . $digits;
    }

    /** @param ?array<string, mixed> $payload @return ?array<string, mixed> null: a claim is missing or has the wrong type */
    private static function claims(?array $payload): ?array
    {
        $types = [
            'iss' => 'is_string', 'aud' => 'is_string',
            'sub' => [self::class, 'isId'], 'room' => [self::class, 'isId'],
            'epoch' => [self::class, 'isCount'], 'position' => [self::class, 'isCount'],
            'iat' => [self::class, 'isTime'], 'nbf' => [self::class, 'isTime'], 'exp' => [self::class, 'isTime'],
            'sid' => [self::class, 'isId'],
        ];
        $claims = [];
        foreach ($types as $name => $hasType) {
            if ($payload === null || !$hasType($payload[$name] ?? null)) {
                return null;
            }
            $claims[$name] = $payload[$name];
        }
        return $claims;
    }

    private static function isId(mixed $value): bool
    {
        return is_string($value) && preg_match(self::ID, $value) === 1;
    }

    private static function isCount(mixed $value): bool
    {
        return (is_int($value) || is_float($value)) && $value >= 0 && $value <= self::COUNT_MAX && floor($value) == $value;
    }

    /** 1e999 is infinite: a token with such an `exp` would never expire. */
    private static function isTime(mixed $value): bool
    {
        return is_int($value) || (is_float($value) && is_finite($value));
    }

    /** @return array<string, mixed> */
    private static function refused(string $reason): array
    {
        return ['kind' => 'refused', 'reason' => $reason];
    }

    private function checkUrl(): void
    {
        $url = parse_url($this->options['jwksUrl']);
        [$scheme, $host] = [$url['scheme'] ?? '', $url['host'] ?? ''];
        $isLoopback = in_array($host, ['localhost', '[::1]'], true) || preg_match('/\A127(\.\d{1,3}){3}\z/', $host) === 1;
        if ($host !== '' && ($scheme === 'https' || ($scheme === 'http' && ($isLoopback || $this->options['allowPlainHttp'] === true)))) {
            return;
        }
        throw new InvalidArgumentException(
            'Fairgate: option jwksUrl must be https://<gateway>/.well-known/jwks.json, or set allowPlainHttp for plain HTTP inside a private network.'
        );
    }

    /** A user who can write there can put keys of their own into the file. */
    private function checkKeysFolder(): void
    {
        $folder = dirname($this->options['keysFile']);
        if (!is_dir($folder) || !is_writable($folder)) {
            throw new InvalidArgumentException("Fairgate: option keysFile: $folder is not a folder in which the site can write.");
        }
        if (PHP_OS_FAMILY !== 'Windows' && (fileperms($folder) & 0002) !== 0) {
            throw new InvalidArgumentException("Fairgate: option keysFile: every user can write in $folder. Use a folder of the site alone.");
        }
    }

    /** @return array<string, mixed> kind key with pem, unknown, or unavailable with cause */
    private function findKey(string $kid): array
    {
        $found = $this->keptKey($kid);
        if ($found !== null) {
            return $found;
        }
        $lock = fopen($this->options['keysFile'] . '.lock', 'c');
        // One process fetches; the others wait for it, and it is bounded.
        if ($lock === false || !flock($lock, LOCK_EX)) {
            return ['kind' => 'unavailable', 'cause' => 'The lock beside keysFile cannot be opened.'];
        }
        try {
            $found = $this->keptKey($kid);
            if ($found !== null) {
                return $found;
            }
            $cause = $this->refresh();
            if ($cause !== null) {
                return ['kind' => 'unavailable', 'cause' => $cause];
            }
            return $this->keptKey($kid) ?? ['kind' => 'unknown'];
        } finally {
            fclose($lock);
        }
    }

    /** What the file says about a key; null: it has to be fetched. @return ?array<string, mixed> */
    private function keptKey(string $kid): ?array
    {
        $kept = $this->readKept();
        $isFresh = self::isWithin($kept['fetchedAt'], self::KEYS_AGE_SECONDS_MAX);
        if ($isFresh && isset($kept['keys'][$kid])) {
            if (!self::isWithin($kept['fetchedAt'], self::KEYS_REFRESH_SECONDS) && !self::isWithin($kept['failedAt'], self::KEYS_COOLDOWN_SECONDS)) {
                $this->refreshAfterResponse();
            }
            return ['kind' => 'key', 'pem' => $kept['keys'][$kid]];
        }
        if ($isFresh && self::isWithin($kept['fetchedAt'], self::KEYS_COOLDOWN_SECONDS)) {
            return ['kind' => 'unknown'];
        }
        if (self::isWithin($kept['failedAt'], self::KEYS_RETRY_SECONDS)) {
            return ['kind' => 'unavailable', 'cause' => $kept['cause']];
        }
        return null;
    }

    private function refreshAfterResponse(): void
    {
        register_shutdown_function(function (): void {
            if (function_exists('fastcgi_finish_request')) {
                fastcgi_finish_request();
            }
            $lock = fopen($this->options['keysFile'] . '.lock', 'c');
            // Another process does it where the lock is taken.
            if ($lock !== false && flock($lock, LOCK_EX | LOCK_NB)) {
                $this->refresh();
                fclose($lock);
            }
        });
    }

    /** @return array{fetchedAt: float, failedAt: float, cause: string, keys: array<string, string>} */
    private function readKept(): array
    {
        $nothing = ['url' => '', 'fetchedAt' => -INF, 'failedAt' => -INF, 'cause' => '', 'keys' => []];
        $text = @file_get_contents($this->options['keysFile']);
        $kept = $text === false ? null : @unserialize($text, ['allowed_classes' => false]);
        // Of another gateway, or of another version of this file: fetched again.
        return is_array($kept) && array_keys($kept) === array_keys($nothing) && $kept['url'] === $this->options['jwksUrl'] ? $kept : $nothing;
    }

    /** Fetches the keys and writes them. @return ?string why not; null: it has */
    private function refresh(): ?string
    {
        $kept = $this->readKept();
        $kept['url'] = $this->options['jwksUrl'];
        try {
            $kept['keys'] = self::fetchKeys($this->options['jwksUrl']);
            $kept['fetchedAt'] = microtime(true);
            $kept['failedAt'] = -INF;
        } catch (Throwable $cause) {
            $kept['failedAt'] = microtime(true);
            $kept['cause'] = $cause->getMessage();
        }
        // Replaced as a whole, because other processes read it.
        $written = $this->options['keysFile'] . '.' . getmypid();
        $mask = umask(0077);
        $isWritten = @file_put_contents($written, serialize($kept)) !== false && @rename($written, $this->options['keysFile']);
        umask($mask);
        if (!$isWritten) {
            return "{$this->options['keysFile']} cannot be written.";
        }
        return is_finite($kept['failedAt']) ? $kept['cause'] : null;
    }

    /** @return array<string, string> PEM by id @throws RuntimeException unless the gateway returns a key set in time */
    private static function fetchKeys(string $url): array
    {
        $http = ['timeout' => self::FETCH_SECONDS_MAX, 'follow_location' => 0, 'ignore_errors' => true, 'header' => 'Accept: application/json'];
        $until = microtime(true) + self::FETCH_SECONDS_MAX;
        $stream = @fopen($url, 'r', false, stream_context_create(['http' => $http]));
        if ($stream === false) {
            throw new RuntimeException("$url cannot be reached (allow_url_fopen must be on).");
        }
        $status = (string) (stream_get_meta_data($stream)['wrapper_data'][0] ?? '');
        $text = '';
        while (!feof($stream) && strlen($text) <= self::KEYS_BYTES_MAX) {
            $piece = fread($stream, 8192);
            if ($piece === false || microtime(true) > $until) {
                throw new RuntimeException("$url did not return keys within " . self::FETCH_SECONDS_MAX . ' s.');
            }
            $text .= $piece;
        }
        fclose($stream);
        if (preg_match('#\AHTTP/[\d.]+ 200\b#', $status) !== 1) {
            throw new RuntimeException("$url returned $status instead of a key set.");
        }
        if (strlen($text) > self::KEYS_BYTES_MAX) {
            throw new RuntimeException('The key set is larger than ' . self::KEYS_BYTES_MAX . ' bytes.');
        }
        $set = json_decode($text, true);
        if (!is_array($set) || !is_array($set['keys'] ?? null) || !array_is_list($set['keys'])) {
            throw new RuntimeException("$url returned no JWK set.");
        }
        $keys = [];
        foreach ($set['keys'] as $jwk) {
            $pem = self::pem($jwk);
            if ($pem === null) {
                continue;
            }
            if (isset($keys[$jwk['kid']])) {
                throw new RuntimeException("$url returned two keys with the id {$jwk['kid']}.");
            }
            $keys[$jwk['kid']] = $pem;
        }
        return $keys;
    }

    /** null: not a key that signs admission tokens. Such keys are ignored. */
    private static function pem(mixed $jwk): ?string
    {
        if (!is_array($jwk) || !is_string($jwk['kid'] ?? null) || ($jwk['kty'] ?? null) !== 'EC' || ($jwk['crv'] ?? null) !== 'P-256') {
            return null;
        }
        if (($jwk['alg'] ?? 'ES256') !== 'ES256' || ($jwk['use'] ?? 'sig') !== 'sig') {
            return null;
        }
        [$x, $y] = array_map(fn ($name) => is_string($jwk[$name] ?? null) ? self::decode($jwk[$name]) : null, ['x', 'y']);
        if ($x === null || $y === null || strlen($x) !== 32 || strlen($y) !== 32) {
            return null;
        }
        $pem = "-----BEGIN PUBLIC KEY-----\n" . chunk_split(base64_encode(hex2bin(self::P256_PREFIX) . $x . $y), 64, "\n") . "-----END PUBLIC KEY-----\n";
        // Not a point of the curve.
        return openssl_pkey_get_public($pem) === false ? null : $pem;
    }

    /** False for a time in the future: a clock that was set back must not extend a pause. */
    private static function isWithin(float $since, float $seconds): bool
    {
        $now = microtime(true);
        return $since <= $now && $now < $since + $seconds;
    }

    /** As every verifier refuses (RFC 9457). @param array<string, mixed> $verdict */
    private static function refuse(array $verdict): never
    {
        if ($verdict['kind'] === 'refused') {
            $status = 403;
            $name = $verdict['reason'] === 'missing' ? 'no-admission' : 'invalid-admission';
            $members = ['title' => 'Please enter through the waiting room', 'reason' => $verdict['reason']];
        } else {
            error_log('Fairgate: admission cannot be checked: ' . $verdict['cause']);
            $status = 503;
            $name = 'keys-unavailable';
            $members = ['title' => 'Admission cannot be checked right now'];
            header('Retry-After: 5');
        }
        http_response_code($status);
        header('Content-Type: application/problem+json');
        header('Cache-Control: no-store');
        header('X-Content-Type-Options: nosniff');
        echo json_encode(['type' => "https://fairgate.dev/problems/$name", 'status' => $status, ...$members], JSON_UNESCAPED_SLASHES);
        exit;
    }
}

// A command line has no visitor. `realpath('')` is the present folder, so an empty setting is left out.
$fairgatePrepended = (string) ini_get('auto_prepend_file');
if (PHP_SAPI !== 'cli' && (defined('ABSPATH') || ($fairgatePrepended !== '' && realpath($fairgatePrepended) === __FILE__))) {
    FairgateOrigin::guardSite();
}
