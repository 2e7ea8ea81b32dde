;; The product of two matrices, four numbers at a time.
;;
;; rows: C = A B where each row of B lies in one stretch and C.columns % 4 = 0.
;; dots: C = A B where each row of A and each column of B do, and inner % 4 = 0.
;; With $add, C += A B. Each row of C lies in one stretch. $A, $B and $C are places in
;; the page's memory; $...Down and $...Across say how many bytes further the next row
;; and the next column lie. $inner is the number of A's columns, which are B's rows.
(module
  (import "page" "memory" (memory 1))

  ;; Tiles of C, 4 rows and 8 columns each: ($s0 $t0) to ($s3 $t3) collect its rows.
  (func (export "rows")
    (param $rows i32) (param $columns i32) (param $inner i32)
    (param $A i32) (param $aDown i32) (param $aAcross i32)
    (param $B i32) (param $bDown i32)
    (param $C i32) (param $cDown i32) (param $add i32)
    (local $column i32) (local $k i32) (local $wide i32)
    (local $a i32) (local $b i32) (local $c i32)
    (local $row1 i32) (local $row2 i32) (local $row3 i32)
    (local $x v128) (local $v v128) (local $w v128) (local $zero v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $t0 v128) (local $t1 v128) (local $t2 v128) (local $t3 v128)
    (loop $nextRows
      ;; Where fewer than 4 rows are left, the first of them stands in for the missing;
      ;; what it gives is not stored.
      (if (i32.gt_s (local.get $rows) (i32.const 1))
        (then (local.set $row1 (local.get $aDown)))
        (else (local.set $row1 (i32.const 0))))
      (if (i32.gt_s (local.get $rows) (i32.const 2))
        (then (local.set $row2 (i32.mul (local.get $aDown) (i32.const 2))))
        (else (local.set $row2 (i32.const 0))))
      (if (i32.gt_s (local.get $rows) (i32.const 3))
        (then (local.set $row3 (i32.mul (local.get $aDown) (i32.const 3))))
        (else (local.set $row3 (i32.const 0))))
      (local.set $column (i32.const 0))
      (loop $nextTile
        (local.set $s0 (local.get $zero)) (local.set $t0 (local.get $zero))
        (local.set $s1 (local.get $zero)) (local.set $t1 (local.get $zero))
        (local.set $s2 (local.get $zero)) (local.set $t2 (local.get $zero))
        (local.set $s3 (local.get $zero)) (local.set $t3 (local.get $zero))
        (local.set $a (local.get $A))
        (local.set $b (i32.add (local.get $B)
          (i32.mul (local.get $column) (i32.const 4))))
        (local.set $k (local.get $inner))
        (local.set $wide (i32.ge_s
          (i32.sub (local.get $columns) (local.get $column)) (i32.const 8)))
        (if (local.get $wide)
          (then (loop $step
            (local.set $v (v128.load (local.get $b)))
            (local.set $w (v128.load offset=16 (local.get $b)))
            (local.set $x (v128.load32_splat (local.get $a)))
            (local.set $s0 (f32x4.add (local.get $s0)
              (f32x4.mul (local.get $x) (local.get $v))))
            (local.set $t0 (f32x4.add (local.get $t0)
              (f32x4.mul (local.get $x) (local.get $w))))
            (local.set $x (v128.load32_splat
              (i32.add (local.get $a) (local.get $row1))))
            (local.set $s1 (f32x4.add (local.get $s1)
              (f32x4.mul (local.get $x) (local.get $v))))
            (local.set $t1 (f32x4.add (local.get $t1)
              (f32x4.mul (local.get $x) (local.get $w))))
            (local.set $x (v128.load32_splat
              (i32.add (local.get $a) (local.get $row2))))
            (local.set $s2 (f32x4.add (local.get $s2)
              (f32x4.mul (local.get $x) (local.get $v))))
            (local.set $t2 (f32x4.add (local.get $t2)
              (f32x4.mul (local.get $x) (local.get $w))))
            (local.set $x (v128.load32_splat
              (i32.add (local.get $a) (local.get $row3))))
            (local.set $s3 (f32x4.add (local.get $s3)
              (f32x4.mul (local.get $x) (local.get $v))))
            (local.set $t3 (f32x4.add (local.get $t3)
              (f32x4.mul (local.get $x) (local.get $w))))
            (local.set $a (i32.add (local.get $a) (local.get $aAcross)))
            (local.set $b (i32.add (local.get $b) (local.get $bDown)))
            (local.set $k (i32.sub (local.get $k) (i32.const 1)))
            (br_if $step (local.get $k))))
          (else (loop $step ;; the last 4 columns: $t0 to $t3 stay out of it
            (local.set $v (v128.load (local.get $b)))
            (local.set $x (v128.load32_splat (local.get $a)))
            (local.set $s0 (f32x4.add (local.get $s0)
              (f32x4.mul (local.get $x) (local.get $v))))
            (local.set $x (v128.load32_splat
              (i32.add (local.get $a) (local.get $row1))))
            (local.set $s1 (f32x4.add (local.get $s1)
              (f32x4.mul (local.get $x) (local.get $v))))
            (local.set $x (v128.load32_splat
              (i32.add (local.get $a) (local.get $row2))))
            (local.set $s2 (f32x4.add (local.get $s2)
              (f32x4.mul (local.get $x) (local.get $v))))
            (local.set $x (v128.load32_splat
              (i32.add (local.get $a) (local.get $row3))))
            (local.set $s3 (f32x4.add (local.get $s3)
              (f32x4.mul (local.get $x) (local.get $v))))
            (local.set $a (i32.add (local.get $a) (local.get $aAcross)))
            (local.set $b (i32.add (local.get $b) (local.get $bDown)))
            (local.set $k (i32.sub (local.get $k) (i32.const 1)))
            (br_if $step (local.get $k)))))
        (local.set $c (i32.add (local.get $C)
          (i32.mul (local.get $column) (i32.const 4))))
        (block $stored
          (call $store (local.get $c)
            (local.get $s0) (local.get $t0) (local.get $wide) (local.get $add))
          (br_if $stored (i32.lt_s (local.get $rows) (i32.const 2)))
          (local.set $c (i32.add (local.get $c) (local.get $cDown)))
          (call $store (local.get $c)
            (local.get $s1) (local.get $t1) (local.get $wide) (local.get $add))
          (br_if $stored (i32.lt_s (local.get $rows) (i32.const 3)))
          (local.set $c (i32.add (local.get $c) (local.get $cDown)))
          (call $store (local.get $c)
            (local.get $s2) (local.get $t2) (local.get $wide) (local.get $add))
          (br_if $stored (i32.lt_s (local.get $rows) (i32.const 4)))
          (local.set $c (i32.add (local.get $c) (local.get $cDown)))
          (call $store (local.get $c)
            (local.get $s3) (local.get $t3) (local.get $wide) (local.get $add)))
        (local.set $column (i32.add (local.get $column) (i32.const 8)))
        (br_if $nextTile (i32.lt_s (local.get $column) (local.get $columns))))
      (local.set $A (i32.add (local.get $A)
        (i32.mul (local.get $aDown) (i32.const 4))))
      (local.set $C (i32.add (local.get $C)
        (i32.mul (local.get $cDown) (i32.const 4))))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 4)))
      (br_if $nextRows (i32.gt_s (local.get $rows) (i32.const 0)))))

  ;; Four numbers of a row of C, or eight.
  (func $store (param $c i32)
    (param $s v128) (param $t v128) (param $wide i32) (param $add i32)
    (if (local.get $add)
      (then (local.set $s (f32x4.add (local.get $s) (v128.load (local.get $c))))))
    (v128.store (local.get $c) (local.get $s))
    (if (local.get $wide)
      (then
        (if (local.get $add) (then
          (local.set $t
            (f32x4.add (local.get $t) (v128.load offset=16 (local.get $c))))))
        (v128.store offset=16 (local.get $c) (local.get $t)))))

  ;; Tiles of C, 2 rows and 2 columns each; $s00 to $s11 hold 4 partial sums apiece.
  (func (export "dots")
    (param $rows i32) (param $columns i32) (param $inner i32)
    (param $A i32) (param $aDown i32) (param $B i32) (param $bAcross i32)
    (param $C i32) (param $cDown i32) (param $add i32)
    (local $column i32) (local $k i32)
    (local $a i32) (local $b i32) (local $c i32) (local $row i32) (local $next i32)
    (local $p v128) (local $q v128) (local $u v128) (local $v v128) (local $zero v128)
    (local $s00 v128) (local $s01 v128) (local $s10 v128) (local $s11 v128)
    (loop $nextRows
      ;; Where one row is left it stands in for the second; so does the last column.
      (local.set $row (select (local.get $aDown) (i32.const 0)
        (i32.gt_s (local.get $rows) (i32.const 1))))
      (local.set $column (local.get $columns))
      (local.set $b (local.get $B))
      (local.set $c (local.get $C))
      (loop $nextTile
        (local.set $next (select (local.get $bAcross) (i32.const 0)
          (i32.gt_s (local.get $column) (i32.const 1))))
        (local.set $s00 (local.get $zero)) (local.set $s01 (local.get $zero))
        (local.set $s10 (local.get $zero)) (local.set $s11 (local.get $zero))
        (local.set $a (local.get $A))
        (local.set $k (i32.const 0))
        (loop $step
          (local.set $p (v128.load (local.get $a)))
          (local.set $q (v128.load (i32.add (local.get $a) (local.get $row))))
          (local.set $u (v128.load (local.get $b)))
          (local.set $v (v128.load (i32.add (local.get $b) (local.get $next))))
          (local.set $s00 (f32x4.add (local.get $s00)
            (f32x4.mul (local.get $p) (local.get $u))))
          (local.set $s01 (f32x4.add (local.get $s01)
            (f32x4.mul (local.get $p) (local.get $v))))
          (local.set $s10 (f32x4.add (local.get $s10)
            (f32x4.mul (local.get $q) (local.get $u))))
          (local.set $s11 (f32x4.add (local.get $s11)
            (f32x4.mul (local.get $q) (local.get $v))))
          (local.set $a (i32.add (local.get $a) (i32.const 16)))
          (local.set $b (i32.add (local.get $b) (i32.const 16)))
          (local.set $k (i32.add (local.get $k) (i32.const 4)))
          (br_if $step (i32.lt_s (local.get $k) (local.get $inner))))
        ;; Back to the top of the column.
        (local.set $b (i32.sub (local.get $b)
          (i32.mul (local.get $inner) (i32.const 4))))
        (call $storeSum (local.get $c) (local.get $s00) (local.get $add))
        (if (local.get $row) (then
          (call $storeSum (i32.add (local.get $c) (local.get $cDown))
            (local.get $s10) (local.get $add))))
        (if (local.get $next) (then
          (local.set $c (i32.add (local.get $c) (i32.const 4)))
          (call $storeSum (local.get $c) (local.get $s01) (local.get $add))
          (if (local.get $row) (then
            (call $storeSum (i32.add (local.get $c) (local.get $cDown))
              (local.get $s11) (local.get $add))))))
        (local.set $c (i32.add (local.get $c) (i32.const 4)))
        (local.set $b (i32.add (local.get $b)
          (i32.mul (local.get $next) (i32.const 2))))
        (local.set $column (i32.sub (local.get $column) (i32.const 2)))
        (br_if $nextTile (i32.gt_s (local.get $column) (i32.const 0))))
      (local.set $A (i32.add (local.get $A)
        (i32.mul (local.get $aDown) (i32.const 2))))
      (local.set $C (i32.add (local.get $C)
        (i32.mul (local.get $cDown) (i32.const 2))))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 2)))
      (br_if $nextRows (i32.gt_s (local.get $rows) (i32.const 0)))))

  ;; The sum of four numbers as one number of C.
  (func $storeSum (param $c i32) (param $s v128) (param $add i32)
    (local $sum f32)
    (local.set $sum (f32.add
      (f32.add
        (f32x4.extract_lane 0 (local.get $s)) (f32x4.extract_lane 1 (local.get $s)))
      (f32.add
        (f32x4.extract_lane 2 (local.get $s)) (f32x4.extract_lane 3 (local.get $s)))))
    (if (local.get $add)
      (then (local.set $sum
        (f32.add (local.get $sum) (f32.load (local.get $c))))))
    (f32.store (local.get $c) (local.get $sum))))
